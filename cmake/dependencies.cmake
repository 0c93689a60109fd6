# Everything comes from Debian; deploy/packages names the packages.
find_package(PkgConfig REQUIRED)
pkg_check_modules(GLIB REQUIRED IMPORTED_TARGET glib-2.0)
pkg_check_modules(UV REQUIRED IMPORTED_TARGET libuv)
pkg_check_modules(JANSSON REQUIRED IMPORTED_TARGET jansson)
pkg_check_modules(SODIUM REQUIRED IMPORTED_TARGET libsodium)
pkg_check_modules(SSH2 REQUIRED IMPORTED_TARGET libssh2)
pkg_check_modules(NANOMSG REQUIRED IMPORTED_TARGET nanomsg)
pkg_check_modules(SQLITE REQUIRED IMPORTED_TARGET sqlite3)
pkg_check_modules(PROTOBUFC REQUIRED IMPORTED_TARGET libprotobuf-c)
find_program(PROTOC_C protoc-c REQUIRED)
# Tests are built wherever Criterion is; the programs alone do not need it.
pkg_check_modules(CRITERION IMPORTED_TARGET criterion)
# What speaks to libvirt is built where its headers are.
pkg_check_modules(LIBVIRT IMPORTED_TARGET libvirt>=9.0 libvirt-qemu>=9.0)
find_package(Threads REQUIRED)
