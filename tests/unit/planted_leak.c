/* Leaks on purpose: deploy/test wants to see the report before it believes in a run without one. */
#include <stdlib.h>

int main(void)
{
    char *volatile lost = malloc(64);
    lost = NULL;
    return lost != NULL;
}
