// Boost.Asio is compiled here, once a build; everybody else includes declarations only
// (BOOST_ASIO_SEPARATE_COMPILATION, set by CMakeLists.txt): several seconds less for each file.
#include <boost/asio/impl/src.hpp>
