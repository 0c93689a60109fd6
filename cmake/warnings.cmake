option(VTMH_WERROR "Treat warnings as errors" ON)
add_compile_definitions(_GNU_SOURCE)
add_compile_options(-Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes
                    -Wpointer-arith)
if(VTMH_WERROR)
    add_compile_options(-Werror)
endif()
