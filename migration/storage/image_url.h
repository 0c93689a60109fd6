/* Images that are no files: a URL, as QEMU's command line takes it, in the terms of QMP's
 * BlockdevOptions. Pure. */
#pragma once

#include <glib.h>
#include <jansson.h>

/*
 * The node of QEMU's that reaches what the URL names: {"driver": "nfs", "server": {…}, "path": …}.
 *
 *   nfs://HOST/PATH, ssh://[USER@]HOST[:PORT]/PATH, http:, https:, ftp:, ftps:
 *   gluster[+tcp|+unix]://[HOST[:PORT]]/VOLUME/PATH[?socket=PATH]
 *   iscsi[+tcp]://[USER@]HOST[:PORT]/TARGET/LUN
 *   nbd[+tcp|+unix]://[HOST[:PORT]]/[EXPORT][?socket=PATH]
 *   rbd:POOL/IMAGE[@SNAPSHOT][:conf=FILE][:id=USER]
 *
 * CFG_ERROR_PARAM_VALUE says what is missing, or that there is a password in it, which is in no
 * message. Transfer full.
 */
json_t *image_url_node(const char *url, GError **err);
