/* `vtmh explain`: where the values of a test come from, or why a test is not there. */
#pragma once

/* argv without the program's and the command's name. Returns the exit status. */
int command_explain(int argc, char **argv);
