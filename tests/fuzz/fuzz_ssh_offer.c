/* What a stranger sends in place of an SSH server's opening. */
#include "proto/ssh_private.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static LIBSSH2_SESSION *session;
    struct ssh ssh = {0};

    if (session == NULL)
        session = libssh2_session_init();
    ssh.session = session;
    ssh.opening_size = MIN(size, SSH_OPENING_MAX);
    /* A copy of just that size, so that a read behind it is seen. */
    ssh.opening = g_memdup2(data, ssh.opening_size);
    g_free(ssh_explain_handshake(&ssh));
    g_free(ssh.opening);
    return 0;
}
