/*
 * The objects of a test, whose names may stand behind a parameter's: its VMs, their cards, images,
 * CD-ROMs and so on, its hosts by number. Whether a key is a parameter depends on them: with a VM
 * vm1, `mem_vm1` is mem of vm1; `mem_chk_re_str` is a name of the user's own.
 *
 * The order of endings is that in which they are taken off, from the right: a bound (_min, _max,
 * _fixed), the host, _on_error, the VM, what is in the VM: NAME_INNER_VM_on_error_hostN.
 */
#pragma once

#include "cfg/param-info.h"

enum key_class {
    KEY_UNKNOWN,    /* a name of the user's own */
    KEY_KNOWN,      /* a parameter, with or without endings */
    KEY_NOT_HERE,   /* would be one, but the test has no such object: `mem_vm7` */
    KEY_NOT_SO,     /* an object whose own the parameter cannot be: `vms_host2`, `mem_nic1` */
    KEY_DISORDERED, /* endings in another order: `mem_host2_vm1` */
};

/* What a key is in a test. Strings belong to the objects. */
struct key_parse {
    enum key_class class;
    const struct param_info *info;   /* NULL if KEY_UNKNOWN */
    const struct param_alias *alias; /* NULL: the key has the current name */
    char *current;                   /* the key with the current name, endings in order */
    enum param_scope wrong;          /* KEY_NOT_SO, KEY_NOT_HERE: which ending … */
    char *object;                    /* … and the name there */
    char *near;    /* KEY_UNKNOWN: what it was probably meant to be (set by the judge), or NULL */
    unsigned host; /* from 1; 0: all */
    bool on_error;
    bool is_bound; /* _min, _max or _fixed */
};

struct objects;

/* n_hosts: the size of the tuple. Transfer full. */
struct objects *objects_new(unsigned n_hosts);
void objects_free(struct objects *objects);

/* A name that counts as one of these; several scopes may have the same. */
void objects_add(struct objects *objects, enum param_scope scope, const char *name);

/* Whether what follows a parameter's name is made of VMs and hosts only: "", "_vm1", "_vm1_host2".
 */
bool objects_is_place(const struct objects *objects, const char *endings);

/* Transfer full; key_parse_free(). */
struct key_parse *objects_parse(const struct objects *objects, const char *key);
void key_parse_free(struct key_parse *parse);

/*
 * The key with another name in front of its endings: FIND is asked for the name in place of the one
 * that is left when endings are taken off, as few as possible; here names such as vm3 and host9
 * count as well. NULL if it knows none for any. Transfer full.
 */
typedef const char *(*objects_name_fn)(const char *name, void *user);
char *objects_rename(const struct objects *objects, const char *key, objects_name_fn find,
                     void *user);

/* "host", "VM", "card", … for people. */
const char *objects_noun(enum param_scope scope);

/* As objects_parse(), where there is no test: names such as vm3, host2, nic1 and image1 count. */
struct key_parse *objects_guess(const char *key);
