#include "orchestrator/command/command.h"

int main(int argc, char **argv)
{
    return command_dispatch(commands, argc, argv);
}
