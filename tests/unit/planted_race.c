/* Two threads that write one number: deploy/test runs it to see that ThreadSanitizer reports. */
#include <pthread.h>

static int number;

static void *count(void *arg)
{
    number++;
    return arg;
}

int main(void)
{
    pthread_t one, other;

    pthread_create(&one, NULL, count, NULL);
    pthread_create(&other, NULL, count, NULL);
    pthread_join(one, NULL);
    pthread_join(other, NULL);
    return number == 2 ? 0 : 1;
}
