; tick: commands from the serial line. All end by going on with read_commands.

take_char:
    cmp al, 13
    je read_commands
    cmp al, 10
    je run_command
    cmp al, ' '
    je read_commands
    cmp byte [cmd_letter], 0
    jne .digit
    mov [cmd_letter], al
    mov dword [cmd_value], 0
    jmp read_commands
.digit:
    sub al, '0'
    cmp al, 10
    jb .value
    or al, 0x20                         ; letters in either case
    sub al, 'a' - '0'
    cmp al, 6
    jae .wrong
    add al, 10
.value:
    inc byte [cmd_digits]
    cmp byte [cmd_digits], 8
    ja .wrong
    movzx eax, al
    mov ecx, [cmd_value]
    shl ecx, 4
    or ecx, eax
    mov [cmd_value], ecx
    jmp read_commands
.wrong:
    mov byte [cmd_digits], 9
    mov byte [cmd_wrong], 1
    jmp read_commands

run_command:
    movzx eax, byte [cmd_letter]
    movzx ecx, byte [cmd_digits]
    movzx edx, byte [cmd_wrong]
    mov dword [cmd_letter], 0
    test eax, eax
    jz read_commands
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

command_unknown:
    movd kept_command, eax
    mov esi, text_unknown
    invoke puts
    movd eax, kept_command
    invoke putc
    jmp end_answer

command_set:
    mov eax, edx
    invoke fill
    mov al, 'W'
    invoke putc
    mov eax, set_pages
    jmp end_answer_word

command_rate:
    mov eax, MAX_RATE
    cmp edx, eax
    cmova edx, eax
    mov rate, edx
    xor budget, budget
    mov al, 'R'
    invoke putc
    mov eax, rate
    jmp end_answer_word

command_verify:
    movd kept_command, bad
    xor edi, edi
.page:
    mov edx, round
    cmp edi, cursor
    adc edx, 0                          ; below the cursor: one round further
    invoke check_page
    jnc .next
    invoke fill_page                    ; repair it: each loss is to be counted once
    mov edx, round
    cmp edi, cursor
    adc edx, 0
    mov rax, rdi
    shl rax, 12
    mov [rax + SET_BASE], edx
.next:
    invoke beat
    inc edi
    cmp edi, set_pages
    jb .page
    invoke touch_all
    mov paid_until, ticks
    mov al, 'V'
    invoke putc
    mov eax, set_pages
    invoke put_word
    movd ecx, kept_command
    mov eax, bad
    sub eax, ecx
    invoke put_word
    mov eax, round
    jmp end_answer_word

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
    invoke putc
    mov eax, edi

end_answer_word:
    invoke put_word
end_answer:
    invoke newline
    jmp read_commands
