/* vtmh guests: which guests a configuration has to choose from. */
#pragma once

int command_guests(int argc, char **argv);
