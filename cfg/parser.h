/* From lines to the tree. */
#ifndef VTMH_CFG_PARSER_H
#define VTMH_CFG_PARSER_H

#include "cfg/lexer.h"
#include "cfg/tree.h"

/* One run of the parser over one text and all it includes. */
struct parser {
    struct tree *tree;
    const struct cfg_options *options; /* read is set */
    struct lines *in;                  /* the text being read */
    uint32_t source;                   /* its number */
    GArray *including;                 /* uint32_t: numbers of the sources that are being read */
    unsigned int nesting;
    struct condition *condition; /* the innermost one we are in, within the current block */
    bool in_condition;           /* in a condition anywhere: no variants here */

    /* Stacks; a block takes what lies above its start when it ends. */
    GArray *ops;         /* struct op */
    GArray *rules;       /* struct rule */
    GArray *factors;     /* struct rule *, of join */
    guint factors_start; /* where those of the current block begin */
    GArray *variants;    /* struct variant * */
    struct vblock *last; /* the last variants block of the current block */
    int32_t limit;       /* the current block is the lines further right than this column */

    /* The plain assignments of the current run, see parse_assignment(). */
    GPtrArray *collected; /* struct key; they have the number tree->run */
};

/* Parses a source as further statements at the end of the tree's root block. */
int parser_run(struct tree *t, uint32_t source, const struct cfg_options *options, GError **err);

/* A place for what stands in the current line. */
struct place parser_place(const struct parser *p);
/* Counts a statement; -1 with CFG_ERROR_LIMIT. */
int parser_count(struct parser *p, GError **err);
/* One level deeper; -1 with CFG_ERROR_LIMIT. */
int parser_enter(struct parser *p, GError **err);
/* Appends an op of this kind at the current line (valid until the next call). */
struct op *parser_add_op(struct parser *p, enum op_kind kind);
/* The same for a statement about a key. */
struct op *parser_add_key_op(struct parser *p, enum op_kind kind, struct key *key);

/* The statements of lines that are further right than LIMIT, up to a line that is not. */
int parse_statements(struct parser *p, int32_t limit, GError **err);
/* The statements of a block of its own: BLOCK takes them and their rules, and the last N_OPS that
 * are on the stack already. */
int parse_block(struct parser *p, int32_t limit, struct block *block, guint n_ops, GError **err);

/* The current line is an assignment whose operator begins at byte AT and is SIZE bytes long. */
int parse_assignment(struct parser *p, size_t at, size_t size, GError **err);
/* Ends the run of plain assignments (SPEC: what follows is tried on all keys again). */
void parser_end_run(struct parser *p);

/* Ends the list of `join` statements that stand together: they become a block of their own. */
void parser_end_join(struct parser *p);
/* The current line begins with `variants`. */
int parse_variants(struct parser *p, GError **err);

#endif
