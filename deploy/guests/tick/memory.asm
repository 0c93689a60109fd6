; tick: the pages of the working set.

; eax: pages wanted. Clamps, fills the set and starts again at round 0.
function fill
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
    invoke fill_page
    invoke beat
    inc edi
    cmp edi, set_pages
    jb .page
    invoke touch_all
    mov paid_until, ticks
    return

; An emulator sizes its cache of translations by use, looking only when it is flushed, and a fresh
; QEMU begins with 256 pages. Few passes make it hold the whole set, as a busy system's would. Only
; then can a page be written again by a translation older than the last look at the dirty bits,
; and an emulator that forgets to drop those be caught. Changes rax rcx rdi.
function touch_all
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
    return

; edi: page index. Writes pattern, index and round 0. Changes rax rcx rsi.
function fill_page
    mov ecx, edi
    pattern
    mov esi, edi
    mov ecx, 512
    shl rdi, 12
    add rdi, SET_BASE
    rep stosq
    mov edi, esi
    shl rsi, 12
    mov dword [rsi + SET_BASE], 0
    mov [rsi + SET_BASE + 4], edi
    return

; edi: page index, edx: round wanted. Carry set when the page is bad; then it is counted, and
; reported while there are reports left. Changes rax rcx rdx rsi.
function check_page
    mov ecx, edi
    shl rdi, 12
    mov esi, [rdi + SET_BASE]
    cmp esi, edx
    jne .bad
    mov esi, [rdi + SET_BASE + 4]
    mov edx, ecx
    cmp esi, edx
    jne .bad
    pattern
    mov esi, ecx
    add rdi, SET_BASE + 8
    mov ecx, 511
    repe scasq
    je .good
    mov ecx, esi
    mov edx, eax
    mov esi, [rdi - 8]
    cmp esi, edx
    jne .bad
    mov esi, [rdi - 4]
.bad:
    mov edi, ecx
    inc bad
    cmp bad, MAX_REPORTS
    ja .counted
    invoke report_bad
.counted:
    stc
    movq rax, check_page_link
    jmp rax
.good:
    mov edi, esi
    clc
    return

; edi: page index, esi: have, edx: want.
function report_bad
    movd kept_have, esi
    movd kept_want, edx
    mov al, 'B'
    invoke putc
    mov eax, edi
    invoke put_word
    movd eax, kept_have
    invoke put_word
    movd eax, kept_want
    invoke put_word
    invoke newline
    return
