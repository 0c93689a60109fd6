/*
 * What a disk image is: where it lies on this host, and in what format. Computed from the
 * parameters of a VM alone; nothing here looks at a file.
 *
 * An image's own parameters are params_object_params() of its VM's and its name.
 */
#pragma once

#include "cfg/params.h"
#include "sync/autoptr.h"

struct image {
    char *name;     /* of the object: "image1" */
    char *location; /* an absolute path on this host, or a URL, as QEMU and qemu-img take both */
    char *format;   /* QEMU's word: "qcow2", "raw", … */
    bool is_url;
    bool is_device; /* a path that is a device's, or is to be used like one (image_raw_device) */
};

/*
 * The disks of a VM, in their order: the words of `images`, or image1 where that is not set and has
 * a name. One whose image_name is set to nothing is left out: so a configuration made for a guest
 * on a disk serves for one that boots from its kernel. Of each its image_chain, if that names it,
 * else itself alone: a GStrv that begins with what all others build on; the VM has the last.
 * Several words of one chain are one disk. Transfer full.
 */
GPtrArray *image_chains(const struct params *vm);

/* The last of each: the images that a VM opens. Transfer full. */
GStrv image_names(const struct params *vm);

/* Whether a word of `images` is in the VM's image_chain, as far as both are set. */
bool image_chain_is_used(const struct params *vm);

/*
 * One of them. Where image_name begins neither with '/' nor with a URL's scheme it is below
 * images_base_dir, itself below data_dir. The format is image_format, or what the name ends with
 * (".qcow2", ".raw", ".img", …), or qcow2; it is also the extension of a file's name that has not
 * got it, but for a name that ends with ".img", which may be of any. A URL is taken as it is; it,
 * and a device, are raw unless something says more. CFG_ERROR_PARAM_VALUE names the image. Transfer
 * full.
 */
struct image *image_new(const struct params *vm, const char *name, GError **err);
void image_free(struct image *image); /* NULL is fine */
AUTOPTR_STRUCT(image, image_free);

/* A path as a user writes it (image_name, cdrom, floppy_name, …), which starts in this host's
 * data_dir where it is relative. Transfer full. */
char *image_data_path(const struct params *params, const char *path);

/* Whether it is a URL that QEMU takes: nfs://, gluster://, iscsi://, rbd:, nbd://, … */
bool image_is_url(const char *location);

/* -1: there is a password, or a key, in the URL: everybody could read it, on the command line of
 * QEMU or qemu-img and in logs. CFG_ERROR_PARAM_VALUE, which does not show it. */
int image_check_secret(const char *url, GError **err);
