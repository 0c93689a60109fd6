/* What a leg took, in ms, by whichever program; not a number where it was not measured. */
#pragma once

struct leg_times {
    double leg;                     /* from asking for it to the source's end */
    double prepare, stream, finish; /* which it consists of; the stream by QEMU's own account */
    double setup;                   /* of the stream, QEMU's own: the guest may stand still */
    double less_setup;              /* the leg without that, which hangs on what the guest did */
    double hypervisor, moved, ledger, cont; /* of the downtime; only of vtmh */
};
