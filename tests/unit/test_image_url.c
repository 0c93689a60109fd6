/* URLs of images in QEMU's terms. */
#include "cfg/error.h"
#include "migration/storage/image_url.h"

#include <criterion/criterion.h>
#include <string.h>

TestSuite(image_url, .timeout = 10);

static void expect(const char *url, const char *node)
{
    g_autoptr(GError) error = NULL;
    json_auto_t *object = image_url_node(url, &error);

    cr_assert_not_null(object, "%s: %s", url, error != NULL ? error->message : "");
    g_autofree char *text = json_dumps(object, JSON_COMPACT);
    g_strdelimit(text, "\"", '\'');
    cr_expect_str_eq(text, node);
}

static void refuses(const char *url, const char *message)
{
    g_autoptr(GError) error = NULL;

    cr_assert_null(image_url_node(url, &error), "%s", url);
    cr_assert(g_error_matches(error, CFG_ERROR, CFG_ERROR_PARAM_VALUE));
    cr_expect_str_eq(error->message, message);
}

Test(image_url, each_scheme_has_a_driver)
{
    expect("nfs://srv/exp/i%20a.raw",
           "{'driver':'nfs','server':{'type':'inet','host':'srv'},'path':'/exp/i a.raw'}");
    expect("ssh://me@srv:2222/i.raw",
           "{'driver':'ssh','server':{'host':'srv','port':'2222'},'path':'/i.raw','user':'me'}");
    expect("https://srv/i.iso", "{'driver':'https','url':'https://srv/i.iso'}");
    expect("gluster+tcp://srv/vol/dir/i.qcow2",
           "{'driver':'gluster','volume':'vol','path':'dir/i.qcow2',"
           "'server':[{'type':'inet','host':'srv','port':'24007'}]}");
    expect("gluster+unix:///vol/i?socket=/run/g.sock",
           "{'driver':'gluster','volume':'vol','path':'i',"
           "'server':[{'type':'unix','path':'/run/g.sock'}]}");
    expect("iscsi://srv:3261/iqn.2026-01.org.x:d/1",
           "{'driver':'iscsi','transport':'tcp','portal':'srv:3261',"
           "'target':'iqn.2026-01.org.x:d','lun':1}");
    expect("nbd://srv/e0",
           "{'driver':'nbd','server':{'type':'inet','host':'srv','port':'10809'},'export':'e0'}");
    expect("nbd+unix:///?socket=/run/n",
           "{'driver':'nbd','server':{'type':'unix','path':'/run/n'}}");
    expect("rbd:pool/img@snap:conf=/etc/ceph/c.conf:id=me",
           "{'driver':'rbd','pool':'pool','image':'img','snapshot':'snap',"
           "'conf':'/etc/ceph/c.conf','user':'me'}");
}

Test(image_url, what_is_missing_is_said)
{
    refuses("nfs:///x", "a URL of nfs: needs a host and a path");
    refuses("gluster://srv/vol", "a URL of gluster: needs a volume and a path in it");
    refuses("nbd+unix:///e", "a URL of nbd: needs ?socket=PATH");
    refuses("iscsi://srv/target", "a URL of iscsi: needs HOST/TARGET/LUN");
    refuses("rbd:pool", "a URL of rbd: needs POOL/IMAGE or POOL/IMAGE@SNAPSHOT");
    refuses("odd://srv/x", "what begins with odd is no URL of an image");
    refuses("nfs://[::1/x", "what begins with nfs is no URL of an image");
}

Test(image_url, a_password_in_it_is_refused_and_not_shown)
{
    static const char *const urls[] = {"https://me:hunter2@srv/i.iso", "ssh://me:hunter2@srv/i",
                                       "iscsi://me%hunter2@srv/iqn.x/1",
                                       "rbd:pool/img:id=me:key=hunter2"};

    for (size_t i = 0; i < G_N_ELEMENTS(urls); i++) {
        g_autoptr(GError) error = NULL;
        cr_assert_null(image_url_node(urls[i], &error), "%s", urls[i]);
        cr_assert(g_error_matches(error, CFG_ERROR, CFG_ERROR_PARAM_VALUE));
        cr_expect_not_null(strstr(error->message, "has a password or key in it"));
        cr_expect_null(strstr(error->message, "hunter2"), "%s", error->message);
    }
    expect(
        "ssh://me%40there@srv/i.raw",
        "{'driver':'ssh','server':{'host':'srv','port':'22'},'path':'/i.raw','user':'me@there'}");
}
