/* `vtmh cleanup`: removes from machines what dead nodes left there. */
#pragma once

/* argv without the program's and the command's name. Returns the exit status. */
int command_cleanup(int argc, char **argv);
