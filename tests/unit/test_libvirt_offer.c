#include "migration/vm/libvirt.h"

#include <criterion/criterion.h>

Test(libvirt_offer, the_models_are_those_of_the_custom_mode)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GHashTable) cpus =
        libvirt_offer_cpus("<domainCapabilities><cpu>"
                           "<mode name='host-model'><model fallback='forbid'>EPYC</model></mode>"
                           "<mode name='custom' supported='yes'><model usable='yes'>qemu64</model>"
                           "<model usable='no' vendor='Intel'>Skylake-Client</model></mode>"
                           "</cpu><os><model>none</model></os></domainCapabilities>",
                           &error);

    cr_assert_not_null(cpus, "%s", error != NULL ? error->message : "");
    cr_expect_eq(g_hash_table_size(cpus), 2);
    cr_expect(g_hash_table_contains(cpus, "qemu64"));
    cr_expect(g_hash_table_contains(cpus, "Skylake-Client"));
}

Test(libvirt_offer, what_is_no_xml_is_an_error)
{
    g_autoptr(GError) error = NULL;

    cr_expect_null(libvirt_offer_cpus("<domainCapabilities><cpu>", &error));
    cr_expect_not_null(error);
}
