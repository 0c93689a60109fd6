; tick: lines on the serial port.
;
; Lines wait in a ring until the other end takes them: a slow reader must not slow the writer down.
; When the ring is nearly full, heartbeats are left out (their counter shows it), answers wait.

; A heartbeat, when one is due. Changes rax rcx rdx rsi.
function beat
    invoke drain
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
    invoke putc
    mov eax, beats
    invoke put_word
    mov eax, ticks
    invoke put_word
    mov eax, bad
    invoke put_word
    invoke newline
.done:
    return

; eax: printed as a space and eight digits. Changes rax rcx rdx rsi.
function put_word
    mov esi, eax
    mov al, ' '
    invoke putc
    mov ecx, 8
.digit:
    rol esi, 4
    mov eax, esi
    and eax, 15
    mov al, [rax + hex_digits]
    invoke putc
    dec ecx
    jnz .digit
    return

function newline
    mov al, 10
    invoke putc
    return

; esi: text, NUL ends it.
function puts
    lodsb
    test al, al
    jz .done
    invoke putc
    jmp puts
.done:
    return

; al. Waits, halted, while the ring is full. Changes rax rdx.
function putc
    movd kept_char, eax
.wait:
    invoke drain
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
    movd eax, kept_char
    mov [rdx + RING], al
    invoke drain
    return

; Gives the port what it takes. Changes rax rdx.
function drain
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
    return
