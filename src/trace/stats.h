/* SPDX-License-Identifier: MIT */
/*
 * What a run did, in numbers: exits, calls, instructions, memory, time.
 */
#ifndef TRACE_STATS_H
#define TRACE_STATS_H

#include <stdio.h>

#include "trace/filter.h"
#include "trace/spans.h"

#define STATS_PHASES   16
#define STATS_STATUSES 512

/* Refusals of a leaf with one status. */
struct stats_status {
	enum explain_side side;
	unsigned leaf;
	uint64_t code, count; /* bits 63:32 of the status */
};

struct stats_vmcall {
	uint64_t number, count;
};

struct stats_lp {
	uint64_t entries; /* stays in the guest */
	uint64_t instructions;
	uint64_t guest_ns, exit_ns, idle_ns; /* exit_ns: exits outside of HLT */
};

struct stats_phase {
	const char *name;
	uint64_t ns;
};

/* By the size of the page. */
struct stats_pages {
	uint64_t small, large; /* 4 KiB; 2 MiB and more */
};

struct stats {
	struct spans spans;
	unsigned vcpus;
	bool virtual_time;
	/* By side (host, guest) and leaf; the last leaf stands for all that have no name. */
	uint64_t calls[2][TRACE_LEAVES], refused[2][TRACE_LEAVES];
	struct stats_status status[STATS_STATUSES];
	size_t statuses;
	uint64_t vm_exits[TRACE_REASONS], td_exits[TRACE_REASONS]; /* likewise by reason */
	struct stats_vmcall vmcall[TRACE_VMCALLS];		   /* the last: all others */
	size_t vmcalls;
	uint64_t private_violations, shared_violations; /* that the VMM was told of */
	struct stats_pages added, augmented, accepted;
	struct stats_lp lp[TRACE_LPS];
	struct stats_phase phase[STATS_PHASES];
	size_t phases;
};

/* NULL: no memory, or too many watch the machine. Processors below `vcpus` are always shown. */
struct stats *stats_open(struct seamless_machine *machine, unsigned vcpus);
/* Ends the counting; what was counted stays until stats_free(). */
void stats_close(struct stats *stats);
void stats_free(struct stats *stats);

/* The sum over all processors. */
struct stats_lp stats_sum(const struct stats *stats);
/* Is the processor a vCPU, or did it run one? */
bool stats_shows(const struct stats *stats, unsigned lp);

/* After stats_close(): a table for people, or JSON (docs/json/stats.schema.json). */
void stats_table(const struct stats *stats, FILE *out);
void stats_json(const struct stats *stats, FILE *out);

#endif
