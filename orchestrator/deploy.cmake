# Putting nodes on machines; a library of its own, so that its tests need nothing else of this folder.
add_library(vtmh_deploy STATIC
    ${CMAKE_CURRENT_LIST_DIR}/artifacts.c
    ${CMAKE_CURRENT_LIST_DIR}/bundle.c
    ${CMAKE_CURRENT_LIST_DIR}/deploy.c
    ${CMAKE_CURRENT_LIST_DIR}/deploy_local.c
    ${CMAKE_CURRENT_LIST_DIR}/deploy_ssh.c
    ${CMAKE_CURRENT_LIST_DIR}/node_answer.c
    ${CMAKE_CURRENT_LIST_DIR}/remote_cache.c
    ${CMAKE_CURRENT_LIST_DIR}/remote_purge.c
    ${CMAKE_CURRENT_LIST_DIR}/ssh_config.c
    ${CMAKE_CURRENT_LIST_DIR}/ssh_config_resolve.c)
target_link_libraries(vtmh_deploy PUBLIC vtmh_sync vtmh_proto PkgConfig::GLIB PkgConfig::JANSSON
                                         PkgConfig::SODIUM)

if(TARGET vtmh-node)
    include(${PROJECT_SOURCE_DIR}/cmake/bundle.cmake)
    vtmh_bundle(vtmh-node vtmh-node-libvirt)
endif()
