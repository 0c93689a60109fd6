/*
 * Files of the project that are made of the description which nodes give
 * (orchestrator/description.h). tests/integration/test_docs_params.sh compares them with it, and
 * with --renew writes them.
 */
#pragma once

/* `vtmh types --markdown`: all of docs/params.md. Transfer full. */
char *types_markdown(void);

/* `vtmh types --defaults`: cfg/library/base.cfg from its first section on. Transfer full. */
char *types_defaults(void);
