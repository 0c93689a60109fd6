#include "orchestrator/command/command.h"

#include <locale.h>

int main(int argc, char **argv)
{
    /* Which characters the terminal takes. Numbers stay as they are in every language. */
    setlocale(LC_CTYPE, "");
    return command_dispatch(commands, argc, argv);
}
