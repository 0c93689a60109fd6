# vtmh_bundle(TARGET [BESIDE...]): what is uploaded to a machine so that TARGET runs there, with the
# programs that it starts, which find all that they need on the host (targets too; those that are not
# built are left out).
#
# Beside TARGET's program there are then TARGET.bundle.tar (the program and those shared libraries
# that a virtualization host may lack) and TARGET.bundle.json (its sha256, the glibc it needs, and
# so on), which orchestrator/bundle.c reads. The program finds the libraries beside itself: an rpath and not a
# runpath, because a runpath does not serve the libraries' own needs.
find_program(OBJDUMP objdump REQUIRED)
find_program(STRIP strip REQUIRED)
find_program(TAR tar REQUIRED)

function(vtmh_bundle target)
    set_target_properties(${target} PROPERTIES BUILD_RPATH "$ORIGIN" INSTALL_RPATH "$ORIGIN")
    target_link_options(${target} PRIVATE LINKER:--disable-new-dtags)
    set(tar ${PROJECT_BINARY_DIR}/${target}.bundle.tar)
    set(json ${PROJECT_BINARY_DIR}/${target}.bundle.json)
    set(beside "")
    foreach(other ${ARGN})
        if(TARGET ${other})
            list(APPEND beside ${other})
            install(TARGETS ${other} DESTINATION libexec/vtmh)
        endif()
    endforeach()
    list(TRANSFORM beside REPLACE "(.+)" "$<TARGET_FILE:\\1>" OUTPUT_VARIABLE beside_files)
    list(JOIN beside_files "|" beside_files)
    set(script ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/bundle-pack.cmake)
    add_custom_command(
        OUTPUT ${tar} ${json}
        COMMAND ${CMAKE_COMMAND} -D PROGRAM=$<TARGET_FILE:${target}>
                -D FOLDER=${PROJECT_BINARY_DIR}/node-bundle -D TARBALL=${tar} -D JSON=${json}
                -D BESIDE=${beside_files} -D VERSION=${PROJECT_VERSION} -D ARCH=${CMAKE_SYSTEM_PROCESSOR}
                -D OBJDUMP=${OBJDUMP} -D STRIP=${STRIP} -D TAR=${TAR} -P ${script}
        DEPENDS ${target} ${beside} ${script}
        COMMENT "Bundling ${target}"
        VERBATIM)
    add_custom_target(${target}-bundle ALL DEPENDS ${tar} ${json})
    install(FILES ${tar} ${json} DESTINATION libexec/vtmh)
    install(TARGETS ${target} DESTINATION libexec/vtmh)
endfunction()
