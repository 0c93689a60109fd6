/* `vtmh show`: the parameters of the tests in a file. */
#pragma once

/* argv without the program's and the command's name. Returns the exit status. */
int command_show(int argc, char **argv);
