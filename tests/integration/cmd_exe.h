/*
 * No Windows can run where these tests do. Its cmd.exe is a stand-in: a script that refuses all but
 * the few commands of it that it knows, in its words, so that whatever would take a shell of Linux
 * fails. It is the cmd.exe of a real qemu-ga, or what a real sshd runs as ForceCommand.
 */
#pragma once

#define CMD_EXE                                                                                    \
    "#!/bin/sh\n"                                                                                  \
    "if [ -n \"$SSH_ORIGINAL_COMMAND\" ]; then line=$SSH_ORIGINAL_COMMAND\n"                       \
    "elif [ $# = 2 ] && [ \"$1\" = /c ]; then line=$2\n"                                           \
    "else echo \"these are no words for cmd.exe: $*\" >&2; exit 99; fi\n"                          \
    "case $line in\n"                                                                              \
    "'cmd /c ver') printf '\\r\\nMicrosoft Windows [Version 10.0.20348.2113]\\r\\n' ;;\n"          \
    "'echo '*) printf '%s\\r\\n' \"${line#echo }\" ;;\n"                                           \
    "'exit '*) exit \"${line#exit }\" ;;\n"                                                        \
    "*) echo \"'${line%% *}' is not recognized as an internal or external command,\" >&2\n"        \
    "   exit 1 ;;\n"                                                                               \
    "esac\n"
