/* Which of its kernels jeos boots. */
#include "migration/guest/jeos_kernel.h"
#include "migration/vm/vm.h"
#include "tests/unit/params_help.h"

#include <criterion/criterion.h>

TestSuite(jeos_kernel, .timeout = 10);

static void expect(const char *folder, const char *settings)
{
    g_autoptr(params) params = params_of(settings);
    g_autoptr(GError) error = NULL;
    cr_expect_str_eq(jeos_folder(params, &error), folder);
}

Test(jeos_kernel, is_the_fast_one_where_it_drives_all_devices)
{
    expect("jeos", "nics=nic1");
    expect("jeos", "nics=nic1;nic_model=virtio");
    expect("jeos", "nics=nic1;nic_model_nic2=e1000");
}

Test(jeos_kernel, is_the_full_one_where_a_device_needs_it_or_the_user_asks)
{
    expect("jeos-full", "jeos_kernel=full");
    expect("jeos-full", "nics=nic1 nic2;nic_model_nic2=e1000e");
    expect("jeos-full", "images=a;drive_format_a=nvme");
    expect("jeos-full", "cdroms=cd1;cd_format=ahci");
    expect("jeos-full", "floppies=fl");
}

Test(jeos_kernel, what_neither_drives_is_not_supported_by_name)
{
    g_autoptr(params) params = params_of("nics=nic1;nic_model=ne2k_isa");
    g_autoptr(GError) error = NULL;
    cr_expect_null(jeos_folder(params, &error));
    cr_assert(g_error_matches(error, VM_ERROR, VM_ERROR_UNSUPPORTED));
    cr_expect_str_eq(error->message, "neither kernel of jeos drives nic1 (nic_model = ne2k_isa)");
}
