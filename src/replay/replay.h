/* SPDX-License-Identifier: MIT */
/*
 * Replaying transcripts: each on a fresh machine with a scripted guest, every answer compared with
 * the recorded one.
 */
#ifndef REPLAY_REPLAY_H
#define REPLAY_REPLAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One register, piece of memory or direction that is not as recorded. Strings are valid during the
 * call only. */
struct replay_difference {
	const char *file;
	unsigned line;
	const char *label; /* the leaf by name, the VM exit, or "" for memory */
	const char *what;  /* "rax", "memory 10009004", "goes on in" ... */
	const char *expected;
	const char *got;
	const char
		*reason; /* the module's, "" without one; given with the first of an event only */
};

struct seamless_machine;
struct seamless_regs;
struct seamless_snapshot;
struct transcript_event;

struct replay_options {
	const char *platform;	   /* how messages call it; NULL: the transcript's own */
	const char *platform_text; /* NULL: the built-in platform of that name */
	size_t platform_len;
	bool stop_at_first; /* end a file at its first mismatch */
	/* or NULL: a snapshot goes to this file of the machine as it is before the first event at
	 * or after that line */
	const char *snapshot_file;
	unsigned snapshot_line;
	/* or NULL: such a snapshot, at whose line the replay begins; how messages call it */
	const struct seamless_snapshot *begin;
	const char *begin_name;
	void (*difference)(void *opaque, const struct replay_difference *difference); /* or NULL */
	/* or NULL: before each S, C and X line is made, on its processor, with these registers and
	 * the guest's state set; false ends the file there */
	bool (*before_call)(void *opaque, struct seamless_machine *machine,
			    const struct transcript_event *event, const struct seamless_regs *regs);
	/* or NULL: before each line after PLAT, while the calling thread is no processor; the
	 * replay goes on with the machine that this returns, which is the replay's from then on,
	 * and the one given is the function's if it returns another; NULL ends the file there */
	struct seamless_machine *(*before_event)(void *opaque, struct seamless_machine *machine,
						 const struct transcript_event *event);
	/* or NULL: told of each new machine; false ends the replay, with an empty err */
	bool (*machine)(void *opaque, struct seamless_machine *machine);
	/* or NULL: told before a machine goes, whatever came of it */
	void (*machine_ends)(void *opaque, struct seamless_machine *machine);
	void *opaque; /* of the functions */
};

struct replay_counts {
	uint64_t files;
	uint64_t calls;	     /* S, C and X lines */
	uint64_t mismatches; /* lines with a difference, memory comparisons included */
};

/*
 * Replays one transcript and adds to *counts. The calling thread must not be bound to a processor.
 * False: the text is not a correct transcript (nothing was run then), the platform file or the
 * snapshot to begin with is wrong, none could be written, or there is no memory; `err` says which.
 */
bool replay_text(const char *file, const char *text, size_t len,
		 const struct replay_options *options, struct replay_counts *counts, char *err,
		 size_t err_len);

/* Paths of transcripts. */
struct replay_list {
	char **path;
	size_t count, room;
};

/*
 * Adds a file, or the files *.tdx below a directory in order of their names. False: it can't be
 * read; `err` says why.
 */
bool replay_list_add(struct replay_list *list, const char *path, char *err, size_t err_len);
void replay_list_free(struct replay_list *list);

#endif
