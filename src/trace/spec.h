/* SPDX-License-Identifier: MIT */
/*
 * What the command line asks of a trace: "leaf:TDH.MEM.*,vcpu:1,exit:EPT_VIOLATION,FILE". Words
 * between commas, each KEY:VALUE or the file to write; `file:` takes the rest, commas included.
 */
#ifndef TRACE_SPEC_H
#define TRACE_SPEC_H

#include "trace/filter.h"

struct trace_spec {
	struct trace_filter filter;
	char *path;    /* NULL: standard error */
	bool timeline; /* the path ends in .json: events for Perfetto */
};

/*
 * Returns 0, or -1 with a sentence in err that names the wrong word and what is expected.
 * trace_spec_free() is called in both cases.
 */
int trace_spec_parse(struct trace_spec *spec, const char *text, char *err, size_t size);
void trace_spec_free(struct trace_spec *spec);

#endif
