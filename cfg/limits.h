/* What is refused, so that no input makes the parser use unbounded time, memory or stack. Real
 * configurations stay far below all of them. */
#ifndef VTMH_CFG_LIMITS_H
#define VTMH_CFG_LIMITS_H

#define LIMIT_FILE_BYTES (64u << 20) /* one file */
#define LIMIT_TOTAL_BYTES                                                                          \
    (256u << 20) /* all that is parsed; a file counts as often as included                         \
                  */
#define LIMIT_LINE_BYTES (1u << 20)
#define LIMIT_STATEMENTS 4000000u
#define LIMIT_NESTING 500 /* blocks in blocks; the reference manages 400 */
#define LIMIT_INCLUDE_DEPTH 64
#define LIMIT_REACH_BYTES (256u << 20) /* the label sets of all blocks, see link.c */
#define LIMIT_VALUE_BYTES (16u << 20)  /* one value after substitution */
#define LIMIT_TEST_BYTES (64u << 20)   /* computed values of one test */
#define LIMIT_JOIN_FACTORS 64
#define LIMIT_JOIN_NESTING 32

#endif
