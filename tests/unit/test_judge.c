#include "orchestrator/description.h"
#include "orchestrator/judge.h"
#include "orchestrator/near_name.h"
#include "orchestrator/objects.h"

#include <criterion/criterion.h>
#include <string.h>

/* A test of two hosts; each line is KEY = VALUE, in line 1, 2, … of a.cfg. */
static struct params *test_of(const char *lines)
{
    struct params *params = params_new();
    g_auto(GStrv) list = g_strsplit(lines, "\n", -1);

    params_set(params, "type", "migration_multi_host", "a.cfg:0");
    for (unsigned i = 0; list[i] != NULL && *list[i] != '\0'; i++) {
        g_auto(GStrv) pair = g_strsplit(list[i], "=", 2);
        g_autofree char *origin = g_strdup_printf("a.cfg:%u", i + 1);

        params_set(params, g_strstrip(pair[0]), g_strstrip(pair[1]), origin);
    }
    return params;
}

static void append(GString *text, char kind, const GPtrArray *sentences)
{
    for (unsigned i = 0; i < sentences->len; i++)
        g_string_append_printf(text, "%c %s\n", kind, (char *)g_ptr_array_index(sentences, i));
}

/* Transfer full. */
static char *text_of(const struct judgement *judgement)
{
    GString *text = g_string_new(NULL);

    append(text, 'E', judgement->errors);
    append(text, 'S', judgement->skips);
    append(text, 'W', judgement->warnings);
    append(text, 'N', judgement->notes);
    append(text, '?', judgement->unknown);
    return g_string_free(text, FALSE);
}

static void expect(const char *lines, const char *said)
{
    g_autoptr(params) params = test_of(lines);
    g_autoptr(judge) judge = judge_new(2);
    g_autofree char *text = text_of(judge_params(judge, params));

    cr_expect_str_eq(text, said, "of:\n%sgot:\n%swanted:\n%s", lines, text, said);
}

/* Transfer full. */
static char *judged(const char *lines)
{
    g_autoptr(params) params = test_of(lines);
    g_autoptr(judge) judge = judge_new(2);

    return text_of(judge_params(judge, params));
}

static void expect_first(const char *lines, const char *said)
{
    g_autofree char *text = judged(lines);

    cr_expect(g_str_has_prefix(text, said), "of:\n%sgot:\n%swanted first:\n%s", lines, text, said);
}

/* In any order: keys are gone through as they were first seen. */
static void expect_same_lines(const char *said, const char *wanted, const char *of)
{
    g_auto(GStrv) a = g_strsplit(said, "\n", -1);
    g_auto(GStrv) b = g_strsplit(wanted, "\n", -1);

    cr_expect_eq(g_strv_length(a), g_strv_length(b), "of %s:\n%s\nwanted\n%s", of, said, wanted);
    for (char **line = b; *line != NULL; line++)
        cr_expect(g_strv_contains((const char *const *)a, *line), "of %s: %s not in\n%s", of, *line,
                  said);
}

Test(judge, what_is_right_needs_no_words)
{
    expect("", "");
    expect("mem=512\nmem_vm1=1G\nmig_protocol=tcp\nenable_kvm=off\nmig_port=5200-5899\n", "");
}

Test(judge, a_wrong_value_is_told_with_its_place_and_what_would_be_right)
{
    expect("mig_protocol=udp\n", "E a.cfg:1: mig_protocol = udp: no such value (expected tcp, "
                                 "unix, exec, fd, file, rdma, x-rdma, managed)\n");
    expect(
        "nettype=brigde\n",
        "E a.cfg:1: nettype = brigde: no such value; did you mean bridge? (expected user, bridge, "
        "network)\n");
    expect("enable_kvm=maybe\n",
           "E a.cfg:1: enable_kvm = maybe: no such value (expected yes, no, auto)\n");
    expect("mig_port=99999\n", "E a.cfg:1: mig_port = 99999: expected a port (1 to 65535), a range "
                               "such as 5200-5899, or 0\n");
    expect("vms=vm1 ../x\n", "E a.cfg:1: vms = vm1 ../x: '../x' cannot be a VM's name: letters, "
                             "digits, '_', '.' and '-', at most 32\n");
}

Test(judge, a_value_with_endings_is_checked_like_the_plain_one)
{
    expect("smp_vm1_host2=0\n", "E a.cfg:1: smp_vm1_host2 = 0: expected 1 to 65535\n");
    expect("mac_nic1=zz\n",
           "E a.cfg:1: mac_nic1 = zz: expected a MAC address such as 52:54:00:12:34:56\n");
    expect("vms=a\nmem_a=lots\n",
           "E a.cfg:2: mem_a = lots: expected a size such as 512M or 1.5G\n");
}

/* The reason stands in the row. */
static void expect_reason(const char *key, const char *value)
{
    struct key_parse *parse = objects_guess(key);
    g_autofree char *line = g_strdup_printf("%s=%s\n", key, value);
    g_autofree char *said =
        g_strdup_printf("S %s = %s is not supported: %s\n", key, value, parse->info->why);

    expect(line, said);
    key_parse_free(parse);
}

Test(judge, what_is_known_and_not_done_is_a_reason_to_skip)
{
    expect("nettype=macvtap\n",
           "S nettype = macvtap is not supported: cards are connected to QEMU's user network or "
           "to a bridge\n");
    expect("uuid=random\n",
           "S uuid = random is not supported: the two ends of a migration would not agree\n");
    expect_reason("reuse_previous_config", "on");
    expect("reuse_previous_config=no\n", "");
    expect("nettype=bridge\nnics=\n", "");
    expect("image_name=\n", "");
    expect("skip=on\n", "S skip = yes\n");
    expect("skip=off\n", "");
}

Test(judge, a_name_of_a_family_is_judged_as_the_family)
{
    expect(
        "hugepages_total=/dev/hugepages\n",
        "S hugepages_total = /dev/hugepages is not supported: guests' memory is not made of huge "
        "pages\n");
    expect("hugepage=no\n", "");
    expect("gcov_dir_vm1=/x\n", "N gcov_* has no effect: it counts only with gcov_qemu = yes\n");
}

Test(judge, a_value_that_is_secret_is_not_shown)
{
    expect("image_secret_image1=hunter2\ncobbler_password=hunter2\n",
           "S image_secret_image1 = *** is not supported: an image is used as it is, and nothing "
           "is set up for it\n"
           "S cobbler_password = *** is not supported: hosts are not installed or reserved\n");
}

Test(judge, what_changes_nothing_is_a_note)
{
    expect("comm_port=13234\n",
           "N comm_port has no effect: hosts meet over vtmh's own links, which need no port\n");
    expect("mem_on_error=1\n", "N mem_on_error has no effect: mem is not read after the test\n");
}

Test(judge, names_of_the_users_own_are_free)
{
    expect("mem_chk_re_str=x\nmem_=y\n", "? mem_chk_re_str\n? mem_\n");
}

Test(judge, names_of_the_users_own_are_counted_once_over_all_tests)
{
    static const char *const tests[] = {"own=1\nmine=1\n", "own=2\n", "mem=1\nmy=1\n"};
    static const unsigned counts[] = {2, 2, 3};
    g_autoptr(judge) judge = judge_new(2);

    for (unsigned i = 0; i < G_N_ELEMENTS(tests); i++) {
        g_autoptr(params) params = test_of(tests[i]);

        cr_expect_eq(judge_params(judge, params)->n_unknown, counts[i], "%s", tests[i]);
    }
}

Test(judge, a_name_that_is_nearly_one_of_a_parameter_is_a_warning)
{
    expect("mig_sped=3\n", "W a.cfg:1: no test type knows mig_sped; did you mean mig_speed?\n"
                           "? mig_sped\n");
    expect("own=1\nmigrate_cuont_vm1_host2=3\n",
           "W a.cfg:2: no test type knows migrate_cuont_vm1_host2; did you mean "
           "migrate_count_vm1_host2?\n? own\n? migrate_cuont_vm1_host2\n");
    expect("vms=web\nmig_sped_web=3\n",
           "W a.cfg:2: no test type knows mig_sped_web; did you mean mig_speed_web?\n"
           "? mig_sped_web\n");
    expect("mig_sped_web=3\n", "? mig_sped_web\n");
}

/* The reference's own, and near to config_cmd. */
#define USED "config_cmd1"

Test(judge, a_name_that_the_reference_uses_is_not_near_to_anything)
{
    cr_assert_not_null(near_name(USED));
    expect(USED "=1\n" USED "_vm1=2\n", "? " USED "\n? " USED "_vm1\n");
}

Test(judge, a_name_that_a_file_reads_is_the_files_own)
{
    static const char text[] = "type = migration_multi_host\nmig_sped = 1\nmig_sped_vm1 = 2\n"
                               "migrate_cuont = 3\nown = ${mig_sped}\n";
    g_autoptr(cfg) config = cfg_new(NULL);
    g_autoptr(judge) judge = judge_new(2);
    g_autofree char *said = NULL;

    cr_assert_eq(cfg_parse_text(config, "a.cfg", text, NULL), 0);
    cr_assert_eq(cfg_next(config, NULL), 1);
    said = text_of(judge_current(judge, config, NULL));
    expect_same_lines(said,
                      "W a.cfg:4: no test type knows migrate_cuont; did you mean "
                      "migrate_count?\n? mig_sped\n? mig_sped_vm1\n? migrate_cuont\n? own\n",
                      text);
}

Test(judge, the_monitor_for_lookers_on_need_not_be_in_the_list)
{
    expect("monitor_type_catch_monitor=qmp\nchardev_backend_catch_monitor=unix_socket\n", "");
    expect("catch_monitor=eye\nmonitor_type_eye=human\n", "");
    expect("catch_monitor=eye\nchardev_backend_eye=tcp_socket\n", "");
}

Test(judge, an_object_that_is_not_there_is_a_note)
{
    expect("mem_host3=1\n", "N mem_host3 has no effect: there is no host host3 in this test\n");
    expect("dirty_mem_vm7=1\n", "N dirty_mem_vm7 has no effect: there is no VM vm7 in this test\n");
    expect("vms=vm1 vm7\ndirty_mem_vm7=1\n", "");
}

Test(judge, what_must_be_equal_on_all_hosts_is_told)
{
    expect("vms_host2=vm1\n", "E a.cfg:1: vms_host2: vms must be equal on all hosts\n");
    expect("migrate_count_host2=2\n",
           "E a.cfg:1: migrate_count_host2: migrate_count must be equal on all hosts\n");
    expect("network_gap=yes\nclient_host2=h3\n",
           "E a.cfg:2: client_host2: client must be equal on all hosts\n");
    expect("mem_host2_vm1=2\n",
           "E a.cfg:1: mem_host2_vm1: its endings stand in another order: mem_vm1_host2\n");
    expect("migrate_count_vm1=2\n",
           "S migrate_count_vm1 is not supported: migrate_count cannot be set for one VM\n");
}

Test(judge, vms_are_some_and_each_is_named_once)
{
    expect("vms=\n", "E a.cfg:1: vms is empty: nothing to migrate\n");
    expect("vms=a b a\n", "E a.cfg:1: vms names a twice\n");
    expect("main_vm=a\nmem_a=64\n",
           "N main_vm = a is not among vms: it becomes the first of them\n");
    expect("main_vm=vm1\n", "");
}

Test(judge, a_guest_does_not_write_more_memory_than_it_has)
{
    expect("mem=64\ndirty_mem=65\n", "E a.cfg:2: dirty_mem = 65 is more than mem = 64 (of vm1)\n");
    expect("mem=64\ndirty_mem=64M\n", "");
    expect("mem=0\n", "E a.cfg:1: mem = 0: expected at least 1048576 bytes\n");
    expect("vms=a b\nmem_b_host2=8\n", "E a.cfg:2: dirty_mem = 16 is more than mem = 8 (of b)\n");
    expect("vms=a b\nmem=8\nmem_a=16\nmem_b=16\n", "");
}

#define WINDOWS "guest=image\nimage_name=x\nos_type=windows\n"

Test(judge, of_windows_is_skipped_by_name_what_takes_linux)
{
    static const struct {
        const char *line, *said;
    } cases[] = {
        {"login_ways=agent ssh\nusername=root", ""},
        {"shell_client=ssh\nusername=x\npassword=y", ""},
        {"shutdown_command=shutdown /s\nmigration_bg_check_command=ver", ""},
        {"cloud_init=no\nload=\nnetwork_gap=yes", ""},
        {"cloud_init=yes", "cloud_init = yes is not supported: Windows has no cloud-init"},
        {"load=memory",
         "load = memory is not supported: the programs that write and check are for Linux"},
        {"migration_bg_command=x",
         "migration_bg_command = x is not supported: nothing is left running in Windows"},
        {"regain_ip_cmd=x",
         "regain_ip_cmd = x is not supported: Windows has no shell on its serial port"},
        {"vm_extra_dump_paths=/x",
         "vm_extra_dump_paths = /x is not supported: files are not fetched from Windows"},
        {"file_transfer_client=scp", "file_transfer_client = scp is not supported: files are "
                                     "copied by what Windows does not have"},
        {"file_transfer_client=rss", "file_transfer_client = rss is not supported: files are "
                                     "copied over SSH, or over the session"},
        {"network_gap=both", "network_gap = both is not supported: Windows does not ask by itself"},
        {"nics=a b\nplug_nic=b",
         "plug_nic = b is not supported: Windows is not asked what it sees"},
        {"login_ways=ssh serial",
         "login_ways = ssh serial is not supported: Windows is logged in to by ssh or agent"},
        {"shell_client=nc",
         "shell_client = nc is not supported: Windows is logged in to by ssh or agent"},
        {"login_ways=agent\nusername=x", "username = x is not supported: commands by the agent of "
                                         "Windows are those of its service"},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *lines = g_strdup_printf(WINDOWS "%s\n", cases[i].line);
        g_autofree char *said =
            *cases[i].said != '\0' ? g_strdup_printf("S %s\n", cases[i].said) : g_strdup("");

        expect(lines, said);
    }
    expect("os_type=linux\n", "");
    expect("guest=jeos\nos_type=windows\n",
           "S os_type = windows is not supported: guest jeos does not run Windows\n");
    expect("os_type=dos\n", "E a.cfg:1: os_type = dos: no such value (expected linux, windows)\n");
}

Test(judge, cards_are_what_jeos_needs_and_tick_has_not)
{
    expect("guest=jeos\nnics=\n", "S guest = jeos needs a card: nics is empty (of vm1)\n");
    expect("guest=jeos\nnics=\nnics_vm1=nic1\n", "");
    expect("guest=tick\nnics=\n", "");
    expect("guest=tick\nnic_model=e1000\n",
           "S nic_model = e1000 is not supported: guest tick has no card\n");
    expect("guest=tick\nnic_model=virtio\nnettype=user\nnetdst=br0\n", "");
    expect("guest=tick\nnettype=bridge\n",
           "S nettype = bridge is not supported: guest tick has no card\n");
    expect("guest=tick\nnics=nic1\nredirs=remote_shell\nguest_port_remote_shell=22\n", "");
    expect("guest=tick\nlogin_ways=serial\n",
           "S login_ways is not supported: guest tick has no system that runs commands\n");
    expect("guest=tick\nnics=a b\n", "S nics = a b is not supported: guest tick has no card\n");
    expect("guest=tick\nredirs=web\nguest_port_web=80\n",
           "S redirs = web is not supported: guest tick has no card\n"
           "S guest_port_web = 80 is not supported: guest tick has no card\n");
    expect("guest=tick\nnics=\nredirs=web\nredir_ports=5000-5899\n", "");
    expect("guest=jeos\nnic_model=e1000\n", "");
    expect("guest=jeos\nnic_model=ne2k_isa\n",
           "S nic_model = ne2k_isa is not supported: neither kernel of jeos drives it\n");
    expect("guest=jeos\nnics=a b\nnic_model_b_host2=usb-net\n",
           "S nic_model_b_host2 = usb-net is not supported: neither kernel of jeos drives it\n");
    expect("guest=jeos\nnics=a b\nnic_model_b=e1000\n", "");
    expect("guest=jeos\nnic_model=virtio-net-pci\n", "");
    expect(
        "guest=tick\nmigration_bg_command=x\n",
        "S migration_bg_command is not supported: guest tick has no system that runs commands\n");
    expect("guest=jeos\nmigration_bg_command=x\n", "");
    expect("disk_write_mem=1\n", "S disk_write_mem is not supported: guest tick has no disk\n");
    expect("disk_write_mem=0\n", "");
}

Test(judge, disks_that_differ_by_host_need_the_source_to_tell_of_its_vm)
{
    static const char differ[] =
        "E a.cfg:1: images of vm1 differ: '' on the first host, 'stg' on host 2; that needs "
        "migration_sync_vms = yes\n";

    expect("images_host2=stg\n", differ);
    expect("images_host2=stg\nmigration_sync_vms=no\n", differ);
    expect("images_host2=stg\nmigration_sync_vms=yes\n", "");
    expect("images_vm1=stg\nimages_host2=stg\n", "");
}

Test(judge, names_that_only_the_files_of_the_reference_have_are_historic)
{
    expect("max_downtime=50ms\n",
           "S max_downtime = 50ms is not supported: mig_downtime sets a limit, "
           "limit_downtime judges by one\n"
           "N max_downtime is a historic name of max_mig_downtime\n");
    expect("attempts_timeout=7\n", "N attempts_timeout is a historic name of attempt_timeout\n");
    expect("migration_timeout=7\n", "N migration_timeout is a historic name of migrate_timeout\n");
    expect("migration_mode=unix\nmig_protocol=unix\n",
           "N migration_mode is a historic name of mig_protocol\n");
    expect("migration_mode=none\n", "N migration_mode is a historic name of mig_protocol\n");
    expect("migration_mode=tcp\nmig_protocol=unix\n",
           "E a.cfg:1: migration_mode = tcp and mig_protocol = unix (a.cfg:2) contradict each "
           "other: both set one parameter\nN migration_mode is a historic name of mig_protocol\n");
}

Test(judge, a_historic_name_means_what_the_current_one_does)
{
    expect("guest=jeos\nnic_mode=user\n", "N nic_mode is a historic name of nettype\n");
    expect("guest=jeos\nnic_mode=tap\n", "N nic_mode is a historic name of nettype\n");
    expect("nic_mode=foo\n", "E a.cfg:1: nic_mode = foo: no such value (expected tap, user)\n");
    expect("nic_mode=user\nnettype=user\n", "N nic_mode is a historic name of nettype\n");
    expect("guest=jeos\nnic_mac_nic1=52:54:00:00:00:01\nmac_nic1=52:54:00:00:00:02\n",
           "E a.cfg:2: nic_mac_nic1 = 52:54:00:00:00:01 and mac_nic1 = 52:54:00:00:00:02 (a.cfg:3) "
           "contradict each other: both set one parameter\nN nic_mac is a historic name of mac\n");
}

Test(judge, a_type_that_nobody_knows_names_the_nearest)
{
    g_autoptr(params) params = params_new();
    g_autoptr(judge) judge = judge_new(2);
    const struct judgement *judgement = judge_params(judge, params);

    cr_assert_eq(judgement->errors->len, 1);
    cr_expect_not_null(strstr(judgement->errors->pdata[0], "the test has no type"));
    params_set(params, "type", "migration_multi_hots", "a.cfg:1");
    judgement = judge_params(judge, params);
    cr_assert_eq(judgement->errors->len, 1);
    cr_expect(g_str_has_prefix(judgement->errors->pdata[0],
                               "a.cfg:1: type = migration_multi_hots: no such test type; did you "
                               "mean migration_multi_host? (expected migration_multi_host, "),
              "%s", (char *)judgement->errors->pdata[0]);
    params_set(params, "type", "migration_multi_host_cancle", "a.cfg:1");
    judgement = judge_params(judge, params);
    cr_assert_eq(judgement->errors->len, 1);
    cr_expect_not_null(
        strstr(judgement->errors->pdata[0], "did you mean migration_multi_host_cancel? (expected"));
}

#define NO_VIDEO                                                                                   \
    "S keep_video_files = yes is not supported: no video is made of screendumps: they are kept "   \
    "as pictures\n"

Test(judge, what_counts_only_with_something_asks_for_nothing_where_there_is_none_of_it)
{
    expect("vga=none\nkeep_video_files=yes\n", "");
    expect("keep_video_files=yes\n", NO_VIDEO);
    expect("vga_vm1_host2=std\nvga=none\nkeep_video_files=yes\n", NO_VIDEO);
}

Test(judge, what_counts_only_with_something_that_is_not_there_says_so)
{
    expect("hugepage_path=/dev/hugepages\n",
           "N hugepage_path has no effect: it counts only with hugepage\n");
    expect("guest=jeos\nmigration_bg_command=\nmigration_bg_kill_command=pkill ping\n",
           "N migration_bg_kill_command has no effect: it counts only with migration_bg_command\n");
    expect("hugepage=no\nhugepage_path=/dev/hugepages\n",
           "N hugepage_path has no effect: it counts only with hugepage\n");
    expect("hugepage_vm1=yes\nhugepage_path=/dev/hugepages\n", "");
    expect("enable_watchdog=no\nwatchdog_action=reset\n", "");
    expect("guest=jeos\nnics=\nnics_vm1=nic1\nvhostforce=yes\n",
           "N vhostforce has no effect: it counts only with vhost\n");
    expect("nics=\nvhostforce=yes\n", "");
    expect("guest=jeos\ndisk_write_mem=0\ndisk_write_path=/dev/vda\n",
           "N disk_write_path has no effect: it counts only with disk_write_mem or load\n");
    expect("guest=jeos\ndisk_write_mem=16\ndisk_write_path=/dev/vda\n", "");
    expect("guest=jeos\nload=disk\ndisk_write_path=/dev/vda\n", "");
    expect("guest=jeos\nnics=a b\nvhost=no\nvhost_a=yes\nvhostforce_a=yes\n", "");
    expect("guest=jeos\nimages=d\nindex_enable=no\nindex_enable_d_vm1=yes\ndrive_index_d=3\n", "");
}

Test(judge, what_a_parameter_counts_only_with_may_change_from_test_to_test)
{
    g_autoptr(judge) judge = judge_new(2);
    g_autoptr(params) without = test_of("vga=none\nkeep_video_files=yes\n");
    g_autoptr(params) with = test_of("keep_video_files=yes\n");

    for (unsigned i = 0; i < 2; i++) {
        cr_expect_eq(judge_params(judge, without)->skips->len, 0);
        cr_expect_eq(judge_params(judge, with)->skips->len, 1);
    }
}

Test(judge, a_type_of_avocado_vt_that_is_not_here_yet_skips_the_test)
{
    expect("type=migration_multi_host_cancel\n",
           "S type = migration_multi_host_cancel is not supported: vtmh does not have this test "
           "type of avocado-vt yet\n");
}

Test(judge, a_test_type_is_either_here_or_to_come)
{
    const struct param_later *later = description_parameter("type")->later;

    cr_assert_not_null(later);
    for (; later->word != NULL; later++)
        cr_expect_null(description_type(later->word), "%s", later->word);
}

/* What is said of a test must not depend on the tests before it. */
Test(judge, a_test_is_judged_as_if_it_were_the_first)
{
    static const char *const tests[] = {
        "mem=64\n",
        "mem_a=64\n",
        "vms=a\nmem_a=64\n",
        "vms=a\nmem_a=lots\n",
        "mem_a=lots\n",
        "",
        "nic_mode=tap\n",
        "nic_mode=tap\nnics=\n",
        "vms=\n",
        "nettype=macvtap\nown=1\n",
        "main_vm=a\nmem_a=64\n",
        "guest=jeos\nnics=\n",
    };
    g_autoptr(judge) judge = judge_new(2);

    for (unsigned i = 0; i < G_N_ELEMENTS(tests) * G_N_ELEMENTS(tests); i++) {
        const char *lines = tests[i % 2 == 0 ? i / G_N_ELEMENTS(tests) : i % G_N_ELEMENTS(tests)];
        g_autoptr(params) params = test_of(lines);
        g_autoptr(judge) fresh = judge_new(2);
        g_autofree char *said = text_of(judge_params(judge, params));
        g_autofree char *wanted = text_of(judge_params(fresh, params));

        expect_same_lines(said, wanted, lines);
    }
}

Test(judge, tests_of_a_configuration_are_judged_like_their_params)
{
    static const char text[] = "type = migration_multi_host\nmem = 64\nvms = vm1\n"
                               "variants:\n  - a:\n      mem_vm1 = lots\n  - b:\n      vms = a\n"
                               "      mem_a = ${mem}0\n      own_${mem} = 1\n  - c:\n"
                               "      del mem\n      nettype = macvtap\n  - d:\n      vms =\n"
                               "variants:\n  - x:\n      dirty_mem = 65\n  - y:\n"
                               "      start_vm = no\n      suffix _vm1\n      smp = 0\n";
    g_autoptr(cfg) config = cfg_new(NULL);
    g_autoptr(judge) judge = judge_new(2);
    unsigned n = 0;

    cr_assert_eq(cfg_parse_text(config, "a.cfg", text, NULL), 0);
    while (cfg_next(config, NULL) > 0) {
        g_autoptr(params) params = cfg_test_params(config, NULL);
        g_autoptr(judge) fresh = judge_new(2);
        g_autofree char *said = text_of(judge_current(judge, config, NULL));
        g_autofree char *wanted = text_of(judge_params(fresh, params));
        expect_same_lines(said, wanted, params_shortname(params));
        n++;
    }
    cr_expect_eq(n, 8);
}

Test(judge, what_nodes_get_has_current_names_and_all_vms)
{
    g_autoptr(params) params = test_of("main_vm=a\nvms=b\nnic_mac_nic1_b=52:54:00:00:00:01\n");
    g_autoptr(judge) judge = judge_new(2);
    g_autoptr(params) resolved = judge_resolve(judge, params);

    cr_expect_str_eq(params_get(resolved, "vms"), "a b");
    cr_expect_str_eq(params_get(resolved, "mac_nic1_b"), "52:54:00:00:00:01");
    cr_expect_str_eq(params_origin(resolved, "mac_nic1_b"), "a.cfg:3");
    cr_expect_null(params_get(params, "mac_nic1_b"), "the params themselves stay");
}

Test(judge, no_sentence_has_a_secret_of_the_test)
{
    expect(
        "password_vm1=hunter2\nuuid=x-hunter2\n",
        "E a.cfg:2: uuid = x-***: expected a UUID such as 9b2a0f7e-6a2c-4c1e-9d55-0d6c1f3b7a10\n");
    expect("own_passphrase=hunter2\nimage_secret=hunter2\n",
           "S image_secret = *** is not supported: an image is used as it is, and nothing is set "
           "up for it\n? own_passphrase\n");
}

Test(judge, all_errors_are_one_error)
{
    g_autoptr(params) params = test_of("mem=lots\nsmp=many\n");
    g_autoptr(judge) judge = judge_new(2);
    g_autoptr(GError) err = NULL;

    cr_expect(judgement_error(judge_params(judge, params), &err));
    cr_expect(g_error_matches(err, CFG_ERROR, CFG_ERROR_PARAM_VALUE));
    cr_expect_not_null(strstr(err->message, "a.cfg:1: mem = lots"));
    cr_expect_not_null(strstr(err->message, "\na.cfg:2: smp = many"));
}

Test(judge, images_of_a_chain_are_images_of_the_test)
{
    expect("images=d\nimage_name_d=/d\nimage_chain=d sn\nimage_name_sn=/sn\n", "");
    expect("images=d\nimage_name_d=/d\nimage_chain_d=d sn\nimage_name_sn=/sn\n", "");
    expect("images=d\nimage_name_d=/d\nimage_chain=\nimage_format_d=luks\n",
           "S image_format_d = luks is not supported: images are not encrypted\n");
    expect("images=d\nimage_name_d=/d\nimage_chain=d sn\nimage_format_sn=luks\n",
           "S image_format_sn = luks is not supported: images are not encrypted\n");
    expect("images=d\nimage_name_d=/d\nimage_chain_other=other sn\nimage_name_sn=/sn\n",
           "? image_chain_other\n"
           "? image_name_sn\n");
}

Test(judge, a_disk_beside_a_guest_that_boots_without_is_an_error_with_both_places)
{
    expect("guest=tick\nimage_name=images/foo\nimages=\n", "");
    expect("guest=tick\nimage_name=\n", "");
    expect_first(
        "guest=tick\nimage_name=images/foo\n",
        "E a.cfg:2: image_name = images/foo and guest = tick (a.cfg:1) contradict each other: "
        "tick does not boot from a disk; guest = image does, and '-p image_name=' has tick "
        "without it\n");
    expect_first(
        "guest_vm1=jeos\nimage_name_vm1=/srv/foo\n",
        "E a.cfg:2: image_name_vm1 = /srv/foo and guest_vm1 = jeos (a.cfg:1) contradict each "
        "other: jeos does not boot from a disk; guest = image does, and '-p image_name_vm1=' "
        "has jeos without it\n");
}

Test(judge, a_disk_that_nobody_said_to_boot_from_is_not_passed_over)
{
    g_autofree char *text = judged("image_name=images/foo\n");

    cr_expect(g_str_has_prefix(text, "S image_name = images/foo is not supported: "), "%s", text);
}

Test(judge, one_s_own_image_has_to_be_named)
{
    expect_first(
        "guest=image\n",
        "E a.cfg:1: guest = image boots from a disk, and image_name is not set (of vm1)\n");
}

Test(judge, what_a_guest_does_not_take_is_no_pass)
{
    expect("guest=jeos\ncloud_init=yes\n",
           "S cloud_init is not supported: guest jeos has no cloud-init\n");
    expect("guest=tick\nload=memory disk\n",
           "S load = memory disk is not supported: guest tick has no disk\n");
    expect("guest=tick\nload=memory\n", "");
    expect("guest=jeos\nload=memory disk\ncloud_init=no\n", "");
    expect_first("guest=jeos\nload=tape\n", "E a.cfg:2: load = tape: ");
}

Test(judge, what_is_plugged_is_one_of_the_devices_of_its_kind)
{
    expect("images=a hot\nboot_drive_hot=no\nplug_block=hot\nunplug_block=a\n", "");
    expect("images_host2=hot\nimages=\nmigration_sync_vms=yes\nplug_block=hot\n", "");
    expect(
        "images=a\nplug_block=hot\n",
        "E a.cfg:2: plug_block = hot: hot is not among the images of vm1; what is plugged in later "
        "stands there too, with boot_drive_hot = no\n");
    expect("images=a\nunplug_block_vm1=a b\n",
           "E a.cfg:2: unplug_block_vm1 = a b: b is not among the images of vm1; what is plugged "
           "in later stands there too, with boot_drive_b = no\n");
    expect("guest=jeos\nnics=nic1 nic2\nplug_nic=nic2\n", "");
    expect("guest=jeos\nplug_nic=nic2\n",
           "E a.cfg:2: plug_nic = nic2: nic2 is not among the nics of vm1; what is plugged in "
           "later stands there too\n");
    expect("vcpu_devices=c1\nvcpu_maxcpus=2\nplug_vcpu=c1\nunplug_vcpu=c1\n", "");
    expect("vcpu_devices=c1\nplug_vcpu=c2\n",
           "E a.cfg:2: plug_vcpu = c2: c2 is not among the vcpu_devices of vm1; what is plugged in "
           "later stands there too\n");
    expect("mem_devs=m1\nplug_mem=m2\n",
           "E a.cfg:2: plug_mem = m2: m2 is not among the mem_devs of vm1; what is plugged in "
           "later stands there too, with use_mem_m2 = no\n");
}

Test(judge, what_is_to_be_written_to_a_disk_needs_the_load_that_writes)
{
    const char *skip = "S disk_write_mem = 5 is not supported without the load that does it: load "
                       "= disk\n";

    expect("guest=image\nimages=a\nimage_name=x\ndisk_write_mem=5\n", skip);
    expect("guest=image\nimages=a\nimage_name=x\ndisk_write_mem=5\nload=memory disk\n", "");
    expect("guest=image\nimages=a\nimage_name=x\ndisk_write_mem=0\n", "");
    expect("guest=jeos\ndisk_write_mem=5\n", "");
    expect("guest=jeos\ndisk_write_mem=5\nload=memory\n", skip);
}

Test(judge, a_guest_that_boots_from_a_disk_has_one)
{
    expect("guest=image\nimage_name=x\nimages=\n",
           "E a.cfg:3: guest = image boots from a disk, and images is empty (of vm1)\n");
}
