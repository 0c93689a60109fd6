vtmh_unit_test(test_libvirt_link vtmh_vm)
if(TARGET vtmh_libvirt)
    vtmh_unit_test(test_libvirt_wire vtmh_libvirt)
    target_compile_definitions(test_libvirt_wire PRIVATE
        PROTOCOL_HEADER="${PROJECT_SOURCE_DIR}/libvirt/protocol.h")
endif()
