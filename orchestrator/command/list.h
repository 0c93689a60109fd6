/* `vtmh list`: the names of the tests in a file. */
#pragma once

/* argv without the program's and the command's name. Returns the exit status. */
int command_list(int argc, char **argv);
