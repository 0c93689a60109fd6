/*
 * What a test wants to have done with the images of its VMs, by its parameters alone; nothing here
 * looks at a file.
 */
#pragma once

#include "migration/storage/image.h"

enum image_origin {
    IMAGE_IS_THERE, /* it has to be */
    IMAGE_CREATED,  /* create_image, force_create_image */
    IMAGE_CLONED,   /* of master: master_images_clone */
    IMAGE_ON_TOP,   /* made empty on top of base, before each test: image_chain */
};

struct image_plan {
    char *vm;
    struct image *image;
    struct image *master;     /* NULL: it is not cloned */
    const struct image *base; /* what it is made on top of, of an earlier plan; NULL: of nothing */
    enum image_origin origin;
    bool anew;             /* what lies there already is replaced in any case */
    bool writes;           /* the guest may write to it */
    bool moves;            /* each host has its own, and it moves with the VM (migrate_storage) */
    bool is_work;          /* vtmh does more with it than to look (skip_image_processing) */
    bool is_medium;        /* in a CD-ROM or floppy drive: each host has its own */
    struct params *params; /* of the image */
    char *made;            /* for this test alone: what the ledger calls it; NULL: it is not */
};

/* Of all images of all VMs of a test whose names clone_names() has given. An image that would be
 * cloned onto its master, two whose copies would be one file, and a chain that is none, are errors.
 * The error names image and VM. Transfer full: array of struct image_plan, those of a chain from
 * its base on. */
GPtrArray *image_plans(const struct params *test, GError **err);

/* What is to be in the CD-ROM and floppy drives of all VMs of a test: it has to be there, and is
 * only looked at. Transfer full: array of struct image_plan. */
GPtrArray *image_media(const struct params *test);

/* Names of those of a VM's images that move with it. Transfer full. */
GStrv image_moving(const struct params *vm, GError **err);

/* "image1 of vm1". Transfer full. */
char *image_plan_name(const struct image_plan *plan);

/* Of what is made on top of a base: how its file names that. In one folder the name alone, which is
 * right wherever a host has the folder. Transfer full. */
char *image_plan_backing(const struct image_plan *plan);

/* Whether the test changes the file: its guest writes, or vtmh makes, puts back or removes it. */
bool image_plan_changes(const struct image_plan *plan);

/* Where a copy of it is kept (backup_image_before_testing). Transfer full. */
char *image_plan_backup(const struct image_plan *plan);

/*
 * Gives each image of master_images_clone the name of its clone, as avocado-vt does: the test's
 * image_name_VM, or its image_name with _VM behind it, becomes image_name_IMAGE_VM, and what it is
 * cloned from (master_image_name, or image_name) master_image_name_IMAGE_VM. A test that has
 * image_name_IMAGE_VM already means that file.
 */
void clone_names(struct params *test);

/*
 * What forbids to move a VM with the image, though the image itself is right: writes that are
 * thrown away, or kept by one host where several share it. NULL: nothing. Transfer full.
 */
char *image_plan_unmovable(const struct image_plan *plan);
