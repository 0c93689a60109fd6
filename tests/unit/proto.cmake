foreach(test test_seal test_known_hosts test_ssh_flood test_link test_link_frame test_link_lost test_link_outbox
        test_link_strangers test_message test_sample)
    vtmh_unit_test(${test} vtmh_proto)
endforeach()
target_link_libraries(test_seal PRIVATE PkgConfig::SODIUM)

# The node of test_link_lost: a process that can be stopped and killed.
add_executable(link_peer link_peer.c)
target_link_libraries(link_peer PRIVATE vtmh_proto)
add_dependencies(test_link_lost link_peer)
