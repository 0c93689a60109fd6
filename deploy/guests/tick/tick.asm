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
; All state lives in registers: they travel with the CPU. Were it in memory, a migration that loses
; pages would wind the state back too, and the guest would judge others by a stale memory.
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
    call init_devices
    call init_memory_size
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
    cmp dword [max_pages], 1
    jb too_small
    mov eax, DEFAULT_SET
    call fill
    sti
    mov esi, text_up
    call puts

main:
    hlt
    call read_commands
    call beat
    call grant
.write:
    cmp budget, 1000
    jb main
    call write_page
    call beat
    sub budget, 1000
    mov eax, ticks                      ; more was asked than this CPU can write:
    sub eax, paid_until                 ; drop the rest and listen to the line again
    cmp eax, MAX_GRANT
    jb .write
    xor budget, budget
    jmp main

too_small:
    mov esi, text_small
    sti
    call puts
.stop:
    hlt
    jmp .stop

; Pays the budget for the ticks gone by.
grant:
    mov eax, ticks
    sub eax, paid_until
    add paid_until, eax
    cmp eax, MAX_GRANT
    jbe .pay
    mov eax, MAX_GRANT
.pay:
    imul eax, rate
    add budget, eax
    ret

; ---- memory

; eax: pages wanted. Clamps, fills the set and starts again at round 0.
fill:
    mov ecx, [max_pages]
    cmp eax, ecx
    cmova eax, ecx
    test eax, eax
    jnz .sized
    inc eax
.sized:
    mov set_pages, eax
    xor cursor, cursor
    xor round, round
    xor budget, budget
    xor edi, edi
.page:
    push rdi
    call fill_page
    pop rdi
    call beat
    inc edi
    cmp edi, set_pages
    jb .page
    call touch_all
    mov paid_until, ticks
    ret

; An emulator sizes its cache of translations by use, looking only when it is flushed, and a fresh
; QEMU begins with 256 pages. Few passes make it hold the whole set, as a busy system's would. Only
; then can a page be written again by a translation older than the last look at the dirty bits,
; and an emulator that forgets to drop those be caught. Keeps all but rax rcx rdi.
touch_all:
    mov ecx, TOUCH_PASSES
.pass:
    mov rax, cr3
    mov cr3, rax
    xor edi, edi
.page:
    mov rax, rdi
    shl rax, 12
    test al, [rax + SET_BASE]
    inc edi
    cmp edi, set_pages
    jb .page
    loop .pass
    ret

; edi: page index. Writes pattern, index and round 0. Changes rax rcx rsi rdi.
fill_page:
    call pattern_of
    mov ecx, 512
    mov esi, edi
    shl rdi, 12
    add rdi, SET_BASE
    push rdi
    rep stosq
    pop rdi
    mov dword [rdi], 0
    mov [rdi + 4], esi
    ret

; edi: page index -> rax: the pattern of its other words.
pattern_of:
    imul eax, edi, 0x9e3779b1
    xor eax, 0x5bd1e995
    mov ecx, eax
    shl rax, 32
    or rax, rcx
    ret

; edi: page index, edx: round wanted. Carry set when the page is bad; then esi is the word found
; and edx the word wanted in its place, it is counted, and reported while there are reports left.
; Keeps rdi.
check_page:
    push rdi
    call pattern_of
    mov ecx, edi
    shl rdi, 12
    add rdi, SET_BASE
    mov esi, [rdi]
    cmp esi, edx
    jne .bad
    mov esi, [rdi + 4]
    cmp esi, ecx
    mov edx, ecx
    jne .bad
    add rdi, 8
    mov ecx, 511
    repe scasq
    je .good
    mov esi, [rdi - 8]
    mov edx, eax
    cmp esi, edx
    jne .bad
    mov esi, [rdi - 4]
.bad:
    pop rdi
    inc bad
    cmp bad, MAX_REPORTS
    ja .counted
    call report_bad
.counted:
    stc
    ret
.good:
    pop rdi
    clc
    ret

; edi: page index, esi: have, edx: want. Keeps rdi.
report_bad:
    push rdx
    push rsi
    mov al, 'B'
    call putc
    mov eax, edi
    call put_word
    pop rax
    call put_word
    pop rax
    call put_word
    jmp newline

; Checks the page under the cursor, repairs it if need be, writes it, moves on.
write_page:
    mov edi, cursor
    mov edx, round
    call check_page
    jnc .write
    call fill_page
.write:
    mov eax, cursor
    shl rax, 12
    lea ecx, [round + 1]
    mov [rax + SET_BASE], ecx
    inc cursor
    cmp cursor, set_pages
    jb .done
    xor cursor, cursor
    inc round
.done:
    ret

; ---- commands

; Takes what the serial line holds. A command acts when its LF arrives.
read_commands:
    mov dx, COM1_STATUS
    in al, dx
    test al, 1
    jz .done
    mov dx, COM1
    in al, dx
    call take_char
    jmp read_commands
.done:
    ret

take_char:
    cmp al, 13
    je .done
    cmp al, 10
    je run_command
    cmp al, ' '
    je .done
    cmp byte [cmd_letter], 0
    jne .digit
    mov [cmd_letter], al
    mov dword [cmd_value], 0
.done:
    ret
.digit:
    call hex_value
    jc .wrong
    inc byte [cmd_digits]
    cmp byte [cmd_digits], 8
    ja .wrong
    movzx eax, al
    mov ecx, [cmd_value]
    shl ecx, 4
    or ecx, eax
    mov [cmd_value], ecx
    ret
.wrong:
    mov byte [cmd_digits], 9
    mov byte [cmd_wrong], 1
    ret

; al: digit -> al: value, or carry.
hex_value:
    sub al, '0'
    cmp al, 10
    jb .ok
    or al, 0x20                         ; letters in either case
    sub al, 'a' - '0'
    cmp al, 6
    jae .no
    add al, 10
.ok:
    clc
    ret
.no:
    stc
    ret

run_command:
    movzx eax, byte [cmd_letter]
    movzx ecx, byte [cmd_digits]
    movzx edx, byte [cmd_wrong]
    mov dword [cmd_letter], 0
    test eax, eax
    jz .done
    test edx, edx
    jnz command_unknown
    mov edx, [cmd_value]
    test ecx, ecx
    jz .plain
    cmp al, 'W'
    je command_set
    cmp al, 'R'
    je command_rate
    jmp command_unknown
.plain:
    cmp al, 'V'
    je command_verify
    cmp al, 'C'
    je command_spoil
    jmp command_unknown
.done:
    ret

command_unknown:
    push rax
    mov esi, text_unknown
    call puts
    pop rax
    call putc
    jmp newline

command_set:
    mov eax, edx
    call fill
    mov al, 'W'
    call putc
    mov eax, set_pages
    call put_word
    jmp newline

command_rate:
    mov eax, MAX_RATE
    cmp edx, eax
    cmova edx, eax
    mov rate, edx
    xor budget, budget
    mov al, 'R'
    call putc
    mov eax, rate
    call put_word
    jmp newline

command_verify:
    push 0                              ; bad in this pass
    xor edi, edi
.page:
    mov edx, round
    cmp edi, cursor
    adc edx, 0                          ; below the cursor: one round further
    call check_page
    jnc .next
    inc dword [rsp]
    push rdi                            ; repair it: each loss is to be counted once
    call fill_page
    pop rdi
    mov edx, round
    cmp edi, cursor
    adc edx, 0
    mov rax, rdi
    shl rax, 12
    mov [rax + SET_BASE], edx
.next:
    call beat
    inc edi
    cmp edi, set_pages
    jb .page
    call touch_all
    mov paid_until, ticks
    mov al, 'V'
    call putc
    mov eax, set_pages
    call put_word
    pop rax
    call put_word
    mov eax, round
    call put_word
    jmp newline

; Spoils the page behind the cursor: the one the writer comes to last.
command_spoil:
    mov edi, cursor
    test edi, edi
    jnz .behind
    mov edi, set_pages
.behind:
    dec edi
    mov eax, edi
    shl rax, 12
    xor dword [rax + SET_BASE], 0x80000000
    mov al, 'C'
    call putc
    mov eax, edi
    call put_word
    jmp newline

; ---- serial line

; Lines wait in a ring until the other end takes them: a slow reader must not slow the writer down.
; When the ring is nearly full, heartbeats are left out (their counter shows it), answers wait.

; A heartbeat, when one is due. Keeps all but rax rcx rdx rsi.
beat:
    call drain
    mov eax, ticks
    sub eax, beat_due
    js .done
    add beat_due, BEAT_MS
    cmp eax, BEAT_MS
    jb .count
    mov beat_due, ticks                 ; late by more than a beat: none is made up for
    add beat_due, BEAT_MS
.count:
    inc beats
    mov eax, [ring_in]
    sub eax, [ring_out]
    cmp eax, RING_BYTES - RING_RESERVE
    ja .done
    mov al, 'T'
    call putc
    mov eax, beats
    call put_word
    mov eax, ticks
    call put_word
    mov eax, bad
    call put_word
    jmp newline
.done:
    ret

; eax: printed as a space and eight digits. Changes rax rcx rdx rsi.
put_word:
    mov esi, eax
    mov al, ' '
    call putc
    mov ecx, 8
.digit:
    rol esi, 4
    mov eax, esi
    and eax, 15
    mov al, [rax + hex_digits]
    call putc
    loop .digit
    ret

newline:
    mov al, 10

; al. Waits, halted, while the ring is full. Changes rax rdx.
putc:
    push rax
.wait:
    call drain
    mov edx, [ring_in]
    mov eax, edx
    sub eax, [ring_out]
    cmp eax, RING_BYTES
    jb .room
    hlt
    jmp .wait
.room:
    inc dword [ring_in]
    and edx, RING_BYTES - 1
    pop rax
    mov [rdx + RING], al

; Gives the port what it takes. Changes rax rdx.
drain:
    mov eax, [ring_out]
    cmp eax, [ring_in]
    je .done
    mov dx, COM1_STATUS
    in al, dx
    test al, 0x20
    jz .done
    mov eax, [ring_out]
    inc dword [ring_out]
    and eax, RING_BYTES - 1
    mov al, [rax + RING]
    mov dx, COM1
    out dx, al
    jmp drain
.done:
    ret

; esi: text, NUL ends it.
puts:
    lodsb
    test al, al
    jz .done
    call putc
    jmp puts
.done:
    ret

; ---- devices

init_devices:
    mov eax, APIC_SPURIOUS              ; local APIC: on, and its pin 0 takes the PIC's interrupts
    mov dword [rax], 0x12f
    mov eax, APIC_LINT0
    mov dword [rax], 0x700
    mov esi, device_writes
.next:
    lodsw
    movzx edx, ax
    test edx, edx
    jz .done
    lodsb
    out dx, al
    jmp .next
.done:
    ret

init_memory_size:
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
    ret

timer_interrupt:
    inc ticks
serial_interrupt:                       ; only wakes main, which reads the line
    push rax
    mov al, 0x20
    out 0x20, al
    pop rax
spurious_interrupt:
    iretq

; ---- tables

%macro device 2
    dw %1
    db %2
%endmacro

device_writes:
    device 0x20, 0x11                   ; PIC: vectors 0x20 and 0x28, timer and COM1 unmasked
    device 0xa0, 0x11
    device 0x21, 0x20
    device 0xa1, 0x28
    device 0x21, 0x04
    device 0xa1, 0x02
    device 0x21, 0x01
    device 0xa1, 0x01
    device 0x21, 0xee
    device 0xa1, 0xff
    device 0x43, 0x34                   ; PIT: channel 0, rate generator, 1193182 / 1193 Hz
    device 0x40, 1193 & 0xff
    device 0x40, 1193 >> 8
    device 0x3fb, 0x80                  ; COM1: 115200 8N1, no FIFO, interrupt on received data
    device 0x3f8, 0x01
    device 0x3f9, 0x00
    device 0x3fb, 0x03
    device 0x3fa, 0x00
    device 0x3fc, 0x0b
    device 0x3f9, 0x01
    dw 0

hex_digits:     db "0123456789ABCDEF"
text_up:        db "vtmh tick up", 10, 0
text_small:     db "vtmh tick: needs more than 1 MiB of memory", 10, 0
text_unknown:   db "? ", 0

%macro gate 1
    dw (%1 - $$ + ROM_BASE) & 0xffff
    dw 8
    db 0, 0x8e
    dw (%1 - $$ + ROM_BASE) >> 16
    dq 0
%endmacro

align 16
idt:
    times 32 * 2 dq 0                   ; an exception is a triple fault: the guest starts again
    gate timer_interrupt                ; 0x20, IRQ 0
    gate spurious_interrupt
    gate spurious_interrupt
    gate spurious_interrupt
    gate serial_interrupt               ; 0x24, IRQ 4
%rep 11
    gate spurious_interrupt
%endrep
idt_end:
idtr:
    dw idt_end - idt - 1
    dd idt

align 8
gdt:
    dq 0, 0x00af9b000000ffff, 0x00cf93000000ffff
gdt_end:
gdtr:
    dw gdt_end - gdt - 1
    dd gdt

; Identity map of 2 GiB, and of the local APIC, in pages of 2 MiB. The accessed and dirty bits are set beforehand, because
; the CPU cannot write them into a ROM.
align 4096
pml4:
    dq pdpt + 0x23
    times 511 dq 0
pdpt:
    dq pd + 0x23, pd + 0x1023, 0, pd_apic + 0x23
    times 508 dq 0
pd:
%assign entry 0
%rep 1024
    dq entry * 0x200000 + 0xe3
%assign entry entry + 1
%endrep
pd_apic:
    times 503 dq 0
    dq 0xfee000fb
    times 8 dq 0

    times 0xfff0 - ($ - $$) db 0
BITS 16
reset:
    jmp 0xf000:start16 - $$
    times 0x10000 - ($ - $$) db 0
