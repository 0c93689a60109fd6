if(TARGET vtmh_deploy)
    foreach(test test_artifacts test_node_answer test_bundle test_remote_cache test_ssh_config
            test_deploy_local test_remote_purge)
        vtmh_unit_test(${test} vtmh_deploy)
    endforeach()
endif()
