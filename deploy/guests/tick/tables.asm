; tick: tables; all that the CPU only reads.

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
