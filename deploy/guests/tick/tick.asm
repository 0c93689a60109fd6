; tick: a guest without an operating system that knows when a page of its memory was lost.
;
; A 64 KiB ROM for QEMU's -bios. It fills a working set from 1 MiB on, then writes it page by page,
; round and round, at the rate it is told, and checks each page before it writes it.
;
; A page holds the number of the round that wrote it, its own index, and a pattern made of the
; index in all other words. Page i must hold `round + 1` when the cursor has passed it, else `round`.
;
; Time comes from the PIT at 1 kHz; between ticks the CPU halts. Each tick grants rate/1000 pages,
; the fraction is carried, and what a stall has cost is not caught up.
;
; All state lives in registers, return addresses too: registers travel with the CPU. A migration that
; loses pages would wind back a state in memory, and send the guest astray instead of making it report.
; Only interrupts use the stack.
;
; The serial protocol is described in deploy/guests/README.md.

%define ROM_BASE        0xf0000
%define COM1            0x3f8
%define COM1_STATUS     0x3fd
%define APIC_SPURIOUS   0xfee000f0
%define APIC_LINT0      0xfee00350
%define SET_BASE        0x100000        ; the working set starts at 1 MiB
%define STACK_TOP       0x8000
%define RAM_LIMIT       0x80000000      ; what every machine type maps in one piece
%define DEFAULT_SET     4096            ; pages
%define MAX_RATE        10000000        ; pages/s; 20 ticks of it must fit 32 bits
%define MAX_GRANT       20              ; ticks paid for at once, at most
%define MAX_REPORTS     20              ; B lines
%define TOUCH_PASSES    8               ; 256 pages doubled seven times: 128 MiB
%define BEAT_MS         10

; State. Everything else is scratch: rax rcx rdx rsi rdi.
%define ticks           r8d             ; milliseconds, counted by the timer interrupt
%define beat_due        r9d
%define beats           r10d
%define bad             r11d            ; bad pages found so far, by writer and verify
%define set_pages       r12d
%define cursor          r13d            ; next page to be written
%define round           r14d
%define rate            r15d            ; pages/s
%define paid_until      ebx             ; the tick up to which the budget was granted
%define budget          ebp             ; thousandths of a page

; What has to outlive an invoked function is parked here.
%define kept_char       xmm8            ; putc
%define kept_have       xmm9            ; report_bad
%define kept_want       xmm10           ; report_bad
%define kept_command    xmm11           ; commands

; What may be lost: the line being typed, and the lines on their way out.
%define cmd_letter      0x500           ; byte, 0: none yet
%define cmd_digits      0x501           ; byte
%define cmd_wrong       0x502           ; byte
%define cmd_value       0x504           ; dword
%define max_pages       0x508           ; dword, constant after boot
%define ring_in         0x50c           ; dword
%define ring_out        0x510           ; dword
%define ram_bytes       0x518           ; qword, constant after boot
%define RING            0x2000
%define RING_BYTES      4096
%define RING_RESERVE    512             ; kept free for answers
%define CODE_COPY       0x10000         ; of the code, for the constants between it

; Functions: `invoke NAME` and, in it, `return`. The return address is in a register of the
; function's level; it must not invoke a function of its own level. Both keep the flags; return
; changes rax. The address is read from a copy of the code in RAM: where KVM interprets what touches
; a ROM (a hypervisor in a hypervisor), it knows no SSE. The copy is written once, before all work.
%macro function 1
%1:
%define this_link %1_link
%endmacro

%macro invoke 1
    movq %1_link, [%%address - ROM_BASE + CODE_COPY]
    jmp %1
%%address:
    dq %%back
%%back:
%endmacro

%macro return 0
    movq rax, this_link
    jmp rax
%endmacro

%define drain_link      xmm0
%define putc_link       xmm1
%define put_word_link   xmm2
%define newline_link    xmm2
%define puts_link       xmm2
%define beat_link       xmm3
%define report_bad_link xmm3
%define fill_page_link  xmm4
%define check_page_link xmm4
%define touch_all_link  xmm4
%define fill_link       xmm5

; The pattern of page ecx in rax. Changes rsi.
%macro pattern 0
    imul eax, ecx, 0x9e3779b1
    xor eax, 0x5bd1e995
    mov esi, eax
    shl rax, 32
    or rax, rsi
%endmacro

BITS 16
ORG ROM_BASE

start16:
    cli
    xor ax, ax
    mov ss, ax
    mov ds, ax
    mov es, ax
    in al, 0x92                         ; A20
    or al, 2
    out 0x92, al
    o32 lgdt [cs:gdtr - $$]
    o32 lidt [cs:idtr - $$]
    mov eax, 0x620                      ; PAE, SSE
    mov cr4, eax
    mov eax, pml4
    mov cr3, eax
    mov ecx, 0xc0000080                 ; EFER: long mode
    rdmsr
    or eax, 0x100
    wrmsr
    mov eax, 0x80000011
    mov cr0, eax
    jmp dword 8:start64

BITS 64

start64:
    mov eax, 16
    mov ds, eax
    mov es, eax
    mov ss, eax
    mov esp, STACK_TOP
    cld
    mov esi, ROM_BASE
    mov edi, CODE_COPY
    mov ecx, (code_end - $$ + 7) / 8
    rep movsq
    xor r8d, r8d
    xor r10d, r10d
    xor r11d, r11d
    xor r15d, r15d
    xor ebx, ebx
    xor ebp, ebp
    mov [cmd_letter], ebx
    mov [ring_in], ebx
    mov [ring_out], ebx
    mov beat_due, BEAT_MS

    mov eax, APIC_SPURIOUS              ; local APIC: on, and its pin 0 takes the PIC's interrupts
    mov dword [rax], 0x12f
    mov eax, APIC_LINT0
    mov dword [rax], 0x700
    mov esi, device_writes
.device:
    lodsw
    movzx edx, ax
    test edx, edx
    jz .memory
    lodsb
    out dx, al
    jmp .device

.memory:
    mov dx, 0x510                       ; fw_cfg: select the size of RAM
    mov ax, 3
    out dx, ax
    inc dx
    mov edi, ram_bytes
    mov ecx, 8
    rep insb
    mov rax, [ram_bytes]
    mov ecx, RAM_LIMIT
    cmp rax, rcx
    cmova rax, rcx
    xor ecx, ecx
    sub rax, SET_BASE
    cmovb rax, rcx
    shr rax, 12
    mov [max_pages], eax
    jz too_small

    mov eax, DEFAULT_SET
    invoke fill
    sti
    mov esi, text_up
    invoke puts

main:
    hlt

; Takes what the serial line holds. A command acts when its LF arrives, and comes back here.
read_commands:
    mov dx, COM1_STATUS
    in al, dx
    test al, 1
    jz .none
    mov dx, COM1
    in al, dx
    jmp take_char
.none:
    invoke beat

; Pays the budget for the ticks gone by.
    mov eax, ticks
    sub eax, paid_until
    add paid_until, eax
    mov ecx, MAX_GRANT
    cmp eax, ecx
    cmova eax, ecx
    imul eax, rate
    add budget, eax

; Checks the page under the cursor, repairs it if need be, writes it, moves on.
write_pages:
    cmp budget, 1000
    jb main
    mov edi, cursor
    mov edx, round
    invoke check_page
    jnc .write
    invoke fill_page
.write:
    shl rdi, 12
    lea ecx, [round + 1]
    mov [rdi + SET_BASE], ecx
    inc cursor
    cmp cursor, set_pages
    jb .written
    xor cursor, cursor
    inc round
.written:
    invoke beat
    sub budget, 1000
    mov eax, ticks                      ; more was asked than this CPU can write:
    sub eax, paid_until                 ; drop the rest and listen to the line again
    cmp eax, MAX_GRANT
    jb write_pages
    xor budget, budget
    jmp main

too_small:
    sti
    mov esi, text_small
    invoke puts
.stop:
    hlt
    invoke drain
    jmp .stop

; ---- interrupts

timer_interrupt:
    inc ticks
serial_interrupt:                       ; only wakes main, which reads the line
    push rax
    mov al, 0x20
    out 0x20, al
    pop rax
spurious_interrupt:
    iretq

%include "memory.asm"
%include "commands.asm"
%include "serial.asm"
code_end:
%include "tables.asm"

    times 0xfff0 - ($ - $$) db 0
BITS 16
reset:
    jmp 0xf000:start16 - $$
    times 0x10000 - ($ - $$) db 0
