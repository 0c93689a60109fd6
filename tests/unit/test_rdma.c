/* RDMA devices of a host, as its kernel shows them. */
#include "migration/move/transport/table.h"

#include <criterion/criterion.h>
#include <glib/gstdio.h>

TestSuite(rdma, .timeout = 10);

static void add_port(const char *devices, const char *device, const char *port, const char *layer)
{
    g_autofree char *folder = g_build_filename(devices, device, "ports", port, NULL);
    g_autofree char *path = g_build_filename(folder, "link_layer", NULL);

    cr_assert_eq(g_mkdir_with_parents(folder, 0700), 0);
    cr_assert(g_file_set_contents(path, layer, -1, NULL));
}

static void remove_port(const char *devices, const char *device, const char *port)
{
    g_autofree char *ports = g_build_filename(devices, device, "ports", NULL);
    g_autofree char *folder = g_build_filename(ports, port, NULL);
    g_autofree char *path = g_build_filename(folder, "link_layer", NULL);
    g_autofree char *whole = g_build_filename(devices, device, NULL);

    g_unlink(path);
    g_rmdir(folder);
    g_rmdir(ports);
    g_rmdir(whole);
}

Test(rdma, a_host_needs_a_port_of_one_of_the_link_layers)
{
    static const char *const infiniband[] = {"IB", "InfiniBand", NULL};
    static const char *const any[] = {NULL};
    g_autofree char *devices = g_dir_make_tmp("vtmh-rdma-XXXXXX", NULL);
    g_autofree char *none = NULL, *one = NULL, *wrong = NULL, *right = NULL;

    cr_expect_not(rdma_has_link(devices, any, &none));
    cr_expect_str_eq(none, "");
    add_port(devices, "mlx5_0", "1", "Ethernet\n");
    cr_expect(rdma_has_link(devices, any, &one));
    cr_expect_not(rdma_has_link(devices, infiniband, &wrong));
    cr_expect_str_eq(wrong, "mlx5_0 port 1: Ethernet");
    add_port(devices, "mlx5_1", "1", "InfiniBand\n");
    cr_expect(rdma_has_link(devices, infiniband, &right));
    remove_port(devices, "mlx5_0", "1");
    remove_port(devices, "mlx5_1", "1");
    g_rmdir(devices);
}

Test(rdma, a_host_without_such_a_folder_has_none)
{
    g_autofree char *has = NULL;

    cr_expect_not(rdma_has_link("/nowhere", NULL, &has));
}
