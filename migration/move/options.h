/*
 * The options of a migration: a table of what each of our parameters is to the hypervisor, at which
 * end, and over which transports; and of the pairs that cannot go together. Pure.
 *
 * They are read with a VM's request, and checked in "agree" against what every host's hypervisor
 * has and what the transport can carry, so that what is not supported is said before anything
 * starts: QEMU itself waits for ever where one end has what the other has not, and never says so.
 * Both ends compare them once more in "ready". After a leg, figures of the hypervisor must show
 * that an option has acted.
 *
 * A set of options is a JSON object: the row's name -> {"is": what the hypervisor gets, "as": what
 * the user wrote}. Only what is on, or set, or off against its default, is in it.
 */
#pragma once

#include "migration/move/transport/transport.h"
#include "migration/vm/vm.h"

enum move_option_kind {
    MOVE_ALWAYS,     /* a capability that no parameter asks for */
    MOVE_CAPABILITY, /* a capability that is on if the parameter is */
    MOVE_PARAMETER,  /* a migration parameter that is set if ours is */
    MOVE_OTHERWISE,  /* done by other means than by a capability or parameter of that name */
};

#define MOVE_AT_SOURCE (1U << MOVE_SOURCE)
#define MOVE_AT_DESTINATION (1U << MOVE_DESTINATION)
#define MOVE_AT_BOTH (MOVE_AT_SOURCE | MOVE_AT_DESTINATION)

/*
 * What an option is to managers (transport managed): a part of the source's call
 * (vm_begin_managed(), by libvirt's names, which libvirt/protocol.h lists). None of these: libvirt
 * does it by itself, always.
 */
struct move_by_manager {
    const char *flag;      /* of the call */
    const char *method;    /* of compression, with that flag */
    const char *parameter; /* which gets the option's value */
    uint64_t unit;         /* of it, in bytes, rounded up; 0: the value as it is */
    const char *why_not;   /* libvirt cannot be asked for it: a sentence, no full stop */
};

struct move_option {
    const char *name; /* of our parameter; of MOVE_ALWAYS the capability's. NULL ends the table */
    enum move_option_kind kind;
    const char *const *words; /* what the hypervisor calls it, then its older names; NULL at last */
    unsigned ends;            /* where it is set */
    unsigned traits;          /* that the transport must have */
    const char *why_traits;   /* a sentence of why */
    bool (*is_wanted)(const struct params *params); /* also on if this says so; NULL: by its
                                                       parameter alone */
    bool is_default;   /* on unless it is set to no, if the transport has the traits */
    const char *with;  /* counts only if this option is on; NULL: by itself */
    const char *needs; /* not supported unless this option is on, too */
    const char *note;  /* what a user of it must know; no full stop */
    struct move_by_manager manager;

    /* The figure of a leg that is above 0 where the option has acted: its offset in
     * Vtmh__Migration, an int64_t, and its name in the results. 0, NULL: there is none. */
    size_t figure;
    const char *figure_name;
};

/* Two options that cannot go together, or only from a version of QEMU on. */
struct move_clash {
    const char *one, *other; /* names of rows; NULL ends the table */
    unsigned since[2];       /* QEMU's major and minor; 0: never */
    const char *why;         /* a sentence, no full stop */
};

extern const struct move_option move_options[];
extern const struct move_clash move_clashes[];

/* The options of a VM's params. traits: of its transport; what goes over that by default does.
 * Transfer full; CFG_ERROR where the values cannot be. */
json_t *move_options_read(const struct params *params, unsigned traits, GError **err);

/* Over how many connections the hypervisors move a VM with these. */
unsigned move_options_streams(const json_t *options);

/*
 * Whether all hosts (by index; names for messages) can do what each of them is asked for, over the
 * transport of the request.
 * UNSUPPORTED: "mig_switchover_ack = yes is not supported: QEMU 7.2.22 on host2 has no migration
 * capability switchover-ack". The same inputs give the same answer on every host.
 */
int move_options_check(const json_t *const *options, const struct vm_offer *const *offers,
                       const char *const *names, unsigned n, const struct move_request *request,
                       GError **err);

/* What a user of these options must know, one after the other. func: for each. */
void move_options_notes(const json_t *options, void (*func)(const char *note, void *arg),
                        void *arg);

/* Adds to a move what the end sets, by the names that its hypervisor has; own NULL: by the first.
 * The caller clears it. */
void move_options_fill(const json_t *options, enum move_end end, const struct vm_offer *own,
                       struct vm_move *move);
void move_options_clear(struct vm_move *move);

/* Adds to the call of managers' move what the end says: the source what is its own and both ends',
 * the destination, whose part goes to the source in its ticket, what is its own alone. */
void move_options_call(const json_t *options, enum move_end end, json_t *flags, json_t *parameters);

/* Whether managers can be asked for all of it: else UNSUPPORTED, with the first that they cannot.
 */
int move_options_check_managed(const json_t *options, GError **err);

/* Whether what both ends must have is the same. DIFFERENT, with the first that is not. hosts: by
 * end. */
int move_options_compare(const json_t *source, const json_t *destination,
                         const char *const hosts[MOVE_ENDS], GError **err);

/* Puts the options that a parameter asked for into a record of a leg. */
void move_options_record(const json_t *options, Vtmh__Migration *record);

/* func, for each option of the end whose figures do not show that it acted: "xbzrle = yes has not
 * acted: xbzrle_pages is 0". */
void move_options_judge(const json_t *options, const Vtmh__Migration *record,
                        void (*func)(const char *text, void *arg), void *arg);
