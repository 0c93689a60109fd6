vtmh_integration_test(test_deploy_ssh SOURCES deploy_bed.c LIBS vtmh_deploy)
