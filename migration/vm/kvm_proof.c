/*
 * The guest is 60 bytes of 64-bit code in a VM with one vCPU, 1 MiB of memory and a page of ROM,
 * entered directly in long mode. It reports by OUT to one port: after the SSE2 and POPCNT
 * instructions, after an SSE load from the ROM (which a hypervisor in a hypervisor may interpret,
 * and not know), and after the loop. A timer signal brings KVM_RUN back when a stage takes too
 * long.
 */
#include "migration/vm/kvm_proof.h"

#include "sync/child.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define GUEST_BYTES ((size_t)1 << 20)
#define ROM_AT 0x100000
#define ROM_BYTES ((size_t)4096)
#define CODE_AT 0x8000
#define PML4_AT 0x1000
#define PDPT_AT 0x2000
#define PD_AT 0x3000
#define REPORT_PORT 0xf4
#define LIMIT_MS 250
#define CPUID_MAX 256

enum stage {
    STAGE_SSE = 'S',
    STAGE_ROM = 'R',
    STAGE_LOOP = 'L',
};

/* clang-format off */
static const uint8_t guest_code[] = {
    0x66, 0x0f, 0xef, 0xc0,       /* pxor xmm0, xmm0 */
    0x66, 0x0f, 0x76, 0xc9,       /* pcmpeqd xmm1, xmm1 */
    0x66, 0x0f, 0xeb, 0xc1,       /* por xmm0, xmm1 */
    0xf3, 0x0f, 0xb8, 0xc0,       /* popcnt eax, eax */
    0xb0, STAGE_SSE,              /* mov al, 'S' */
    0xe6, REPORT_PORT,            /* out 0xf4, al */
    0xf3, 0x0f, 0x6f, 0x04, 0x25, /* movdqu xmm0, [ROM_AT] */
    0x00, 0x00, 0x10, 0x00,
    0xb0, STAGE_ROM,              /* mov al, 'R' */
    0xe6, REPORT_PORT,            /* out 0xf4, al */
    0xb9, 0x80, 0x84, 0x1e, 0x00, /* mov ecx, 2000000 */
    0xff, 0xc9,                   /* dec ecx */
    0x75, 0xfc,                   /* jnz to the dec */
    0xb0, STAGE_LOOP,             /* mov al, 'L' */
    0xe6, REPORT_PORT,            /* out 0xf4, al */
    0xf4,                         /* hlt */
};
/* clang-format on */

struct prover {
    int kvm, vm, vcpu;
    uint8_t *memory; /* of the guest, and behind it its ROM */
    struct kvm_run *run;
    char reason[200];
};

static int fail(struct prover *prover, const char *format, ...) G_GNUC_PRINTF(2, 3);

static int fail(struct prover *prover, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(prover->reason, sizeof prover->reason, format, args);
    va_end(args);
    return -1;
}

static int fail_errno(struct prover *prover, const char *what)
{
    return fail(prover, "%s: %s", what, strerror(errno));
}

static int make_vm(struct prover *prover)
{
    struct kvm_userspace_memory_region region = {.memory_size = GUEST_BYTES};
    struct kvm_userspace_memory_region rom = {
        .slot = 1, .flags = KVM_MEM_READONLY, .guest_phys_addr = ROM_AT, .memory_size = ROM_BYTES};
    int run_bytes;

    prover->kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
    if (prover->kvm < 0)
        return fail_errno(prover, "/dev/kvm cannot be opened");
    if (ioctl(prover->kvm, KVM_GET_API_VERSION, 0) != KVM_API_VERSION)
        return fail(prover, "/dev/kvm speaks another version of its interface");
    prover->vm = ioctl(prover->kvm, KVM_CREATE_VM, 0ul);
    if (prover->vm < 0)
        return fail_errno(prover, "KVM cannot make a VM");
    /* Intel needs three pages for its own use; others refuse, which is no harm. */
    ioctl(prover->vm, KVM_SET_TSS_ADDR, 0xfffbd000ul);
    prover->memory = mmap(NULL, GUEST_BYTES + ROM_BYTES, PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (prover->memory == MAP_FAILED)
        return fail_errno(prover, "no memory for a guest");
    region.userspace_addr = (uintptr_t)prover->memory;
    if (ioctl(prover->vm, KVM_SET_USER_MEMORY_REGION, &region) < 0)
        return fail_errno(prover, "KVM refuses memory for a guest");
    rom.userspace_addr = (uintptr_t)prover->memory + GUEST_BYTES;
    if (ioctl(prover->vm, KVM_SET_USER_MEMORY_REGION, &rom) < 0)
        return fail_errno(prover, "KVM refuses a ROM for a guest");
    prover->vcpu = ioctl(prover->vm, KVM_CREATE_VCPU, 0ul);
    if (prover->vcpu < 0)
        return fail_errno(prover, "KVM cannot make a virtual CPU");
    run_bytes = ioctl(prover->kvm, KVM_GET_VCPU_MMAP_SIZE, 0);
    if (run_bytes < 0)
        return fail_errno(prover, "KVM_GET_VCPU_MMAP_SIZE");
    prover->run =
        mmap(NULL, (size_t)run_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, prover->vcpu, 0);
    return prover->run == MAP_FAILED ? fail_errno(prover, "mapping a virtual CPU") : 0;
}

static int set_cpuid(struct prover *prover)
{
    static _Alignas(struct kvm_cpuid2)
        uint8_t room[sizeof(struct kvm_cpuid2) + CPUID_MAX * sizeof(struct kvm_cpuid_entry2)];
    struct kvm_cpuid2 *cpuid = (struct kvm_cpuid2 *)room;

    cpuid->nent = CPUID_MAX;
    if (ioctl(prover->kvm, KVM_GET_SUPPORTED_CPUID, cpuid) < 0 ||
        ioctl(prover->vcpu, KVM_SET_CPUID2, cpuid) < 0)
        return fail_errno(prover, "KVM refuses its own CPU features");
    return 0;
}

/* Identity map of the first 2 MiB, long mode on, SSE allowed. */
static int enter_long_mode(struct prover *prover)
{
    struct kvm_segment code = {
        .limit = 0xffffffff, .selector = 8, .type = 11, .present = 1, .s = 1, .l = 1, .g = 1};
    struct kvm_segment data = {
        .limit = 0xffffffff, .selector = 16, .type = 3, .present = 1, .s = 1, .db = 1, .g = 1};
    struct kvm_regs regs = {.rip = CODE_AT, .rsp = CODE_AT, .rflags = 2};
    struct kvm_sregs sregs;
    const uint64_t tables[][2] = {
        {PML4_AT, PDPT_AT | 3}, {PDPT_AT, PD_AT | 3}, {PD_AT, 0x83 /* a page of 2 MiB */}};

    for (size_t i = 0; i < G_N_ELEMENTS(tables); i++)
        memcpy(prover->memory + tables[i][0], &tables[i][1], sizeof tables[i][1]);
    memcpy(prover->memory + CODE_AT, guest_code, sizeof guest_code);
    if (ioctl(prover->vcpu, KVM_GET_SREGS, &sregs) < 0)
        return fail_errno(prover, "KVM_GET_SREGS");
    sregs.cs = code;
    sregs.ds = sregs.es = sregs.fs = sregs.gs = sregs.ss = data;
    sregs.cr3 = PML4_AT;
    sregs.cr4 = 0x620;      /* PAE, OSFXSR, OSXMMEXCPT */
    sregs.cr0 = 0x80000033; /* PG, NE, ET, MP, PE */
    sregs.efer = 0x500;     /* LMA, LME */
    if (ioctl(prover->vcpu, KVM_SET_SREGS, &sregs) < 0 ||
        ioctl(prover->vcpu, KVM_SET_REGS, &regs) < 0)
        return fail_errno(prover, "KVM refuses to enter long mode");
    return 0;
}

static void on_alarm(int signum)
{
    (void)signum; /* only interrupts KVM_RUN */
}

static int64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int run_stage(struct prover *prover, enum stage stage, const char *what)
{
    int64_t begin = now_ms();
    struct kvm_run *run = prover->run;

    for (;;) {
        int result = ioctl(prover->vcpu, KVM_RUN, 0);

        if (now_ms() - begin > LIMIT_MS)
            return fail(prover, "KVM takes more than %d ms for %s: it emulates", LIMIT_MS, what);
        if (result < 0 && errno != EINTR)
            return fail(prover, "KVM cannot run %s: %s", what, strerror(errno));
        if (result < 0 || run->exit_reason == KVM_EXIT_INTR)
            continue;
        if (run->exit_reason == KVM_EXIT_IO && run->io.port == REPORT_PORT &&
            *((uint8_t *)run + run->io.data_offset) == stage)
            return 0;
        return fail(prover, "KVM cannot run %s: it gives up with exit reason %u%s", what,
                    run->exit_reason,
                    run->exit_reason == KVM_EXIT_INTERNAL_ERROR ? " (internal error)" : "");
    }
}

static int prove(struct prover *prover)
{
    struct sigaction action = {.sa_handler = on_alarm};
    struct itimerval timer = {.it_interval.tv_usec = 50000, .it_value.tv_usec = 50000};

    if (make_vm(prover) < 0 || set_cpuid(prover) < 0 || enter_long_mode(prover) < 0)
        return -1;
    sigaction(SIGALRM, &action, NULL);
    setitimer(ITIMER_REAL, &timer, NULL);
    if (run_stage(prover, STAGE_SSE, "SSE2 and POPCNT instructions") < 0)
        return -1;
    if (run_stage(prover, STAGE_ROM, "an SSE load from a ROM") < 0)
        return -1;
    return run_stage(prover, STAGE_LOOP, "a loop of 2 million passes");
}

int kvm_proof_main(void)
{
    struct prover prover = {.kvm = -1, .vm = -1, .vcpu = -1};

    if (prove(&prover) < 0) {
        puts(prover.reason);
        return 1;
    }
    puts("ok");
    return 0;
}

int kvm_proof_run(const char *self_exe, int64_t deadline, bool *proven_out, char **reason_out,
                  GError **err)
{
    const char *const argv[] = {self_exe, KVM_PROOF_ARGUMENT, NULL};
    g_autoptr(GError) error = NULL;
    g_autofree char *out = NULL;
    int status = 0;

    if (child_run(argv, NULL, deadline, &status, &out, NULL, &error) < 0) {
        if (g_error_matches(error, SYNC_ERROR, SYNC_ERROR_CANCELLED)) {
            g_propagate_error(err, g_steal_pointer(&error));
            return -1;
        }
        *proven_out = false;
        *reason_out = g_error_matches(error, SYNC_ERROR, SYNC_ERROR_TIMEOUT)
                          ? g_strdup("a guest under KVM hangs")
                          : g_strdup_printf("the proof of KVM cannot run: %s", error->message);
        return 0;
    }
    g_strstrip(out);
    *proven_out = status == 0 && strcmp(out, "ok") == 0;
    if (*proven_out)
        *reason_out = NULL;
    else if (*out != '\0')
        *reason_out = g_steal_pointer(&out);
    else
        *reason_out = child_describe_status(status);
    return 0;
}

int kvm_proof_keep(struct kvm_proof *proof, const char *device, const char *self_exe,
                   int64_t deadline, GError **err)
{
    struct kvm_proof fresh = {.is_known = true, .device = file_identity_of(device)};

    if (proof->is_known && file_identity_equal(&proof->device, &fresh.device))
        return 0;
    if (kvm_proof_run(self_exe, deadline, &fresh.proven, &fresh.reason, err) < 0)
        return -1;
    g_free(proof->reason); /* another fiber may have proven it meanwhile */
    *proof = fresh;
    return 0;
}
