# -DVTMH_SANITIZE=address,undefined or =thread
set(VTMH_SANITIZE "" CACHE STRING "Sanitizers to build with, comma-separated")
if(VTMH_SANITIZE)
    add_compile_options(-fsanitize=${VTMH_SANITIZE} -fno-omit-frame-pointer)
    # The sanitizer's own checks for NULL make gcc see paths on which there is one.
    add_compile_options(-Wno-nonnull)
    add_link_options(-fsanitize=${VTMH_SANITIZE})
endif()
