if(VTMH_SANITIZE MATCHES "address")
    add_executable(planted_leak planted_leak.c)
endif()
