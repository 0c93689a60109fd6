foreach(test test_ssh test_ssh_connect test_ssh_copy)
    vtmh_integration_test(${test} SOURCES ssh_bed.c ssh_server.c LIBS vtmh_proto)
endforeach()
vtmh_integration_test(test_guest_session SOURCES ssh_bed.c ssh_server.c stub_guest.c LIBS vtmh_vm)
