// GoogleTest's headers are compiled once for all test programs of a build: each then takes a third
// less time.
