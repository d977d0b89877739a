/* SPDX-License-Identifier: MIT */
/*
 * What the verbs of the command share. Results go to stdout, diagnostics to stderr.
 */
#ifndef CLI_CLI_H
#define CLI_CLI_H

/* Exit status of every verb. */
enum cli_exit {
	CLI_DONE = 0,  /* done; what was examined is right */
	CLI_WRONG = 1, /* the thing examined is wrong (mismatch, guest failed, not verified) */
	CLI_USAGE = 2, /* usage or I/O error */
};

/* A verb: argv[0] is the verb's own name. */
struct cli_verb {
	const char *name;
	const char *summary; /* one line for `seamless --help` */
	int (*run)(int argc, char **argv);
};

/* Says that a verb, or an option of it, gets no memory. Returns CLI_USAGE. */
int cli_no_memory(const char *who);

/* Says what a verb was not given. Returns CLI_USAGE. */
int cli_missing(const char *verb, const char *what);

extern const struct cli_verb verb_bench;
extern const struct cli_verb verb_decode;
extern const struct cli_verb verb_leaf;
extern const struct cli_verb verb_measure;
extern const struct cli_verb verb_replay;
extern const struct cli_verb verb_exec;
extern const struct cli_verb verb_run;
extern const struct cli_verb verb_verify;

#endif
