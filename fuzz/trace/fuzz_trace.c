// SPDX-License-Identifier: MIT
/*
 * The words of --trace. What is taken chooses something, what is refused has a sentence that fits
 * its buffer, and a filter answers for every call that there could be.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "trace/spec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void hold(int condition)
{
	if (!condition)
		abort();
}

/* Any choice but that of vCPUs leaves something out and lets something through. */
static void ask(const struct trace_filter *filter)
{
	size_t shown = 0, asked = 0;

	for (unsigned n = 0; n < 512; n++) {
		for (int side = EXPLAIN_HOST; side <= EXPLAIN_VMCALL; side++) {
			const struct trace_call call = { true, (enum explain_side)side,
							 (n & 255) | (n & 256) << 8, 200 };

			shown += trace_filter_call(filter, &call);
			asked++;
		}
		const struct trace_call exit = { .exit = n };

		shown += trace_filter_call(filter, &exit);
		asked++;
	}
	hold(trace_filter_all(filter) ? shown == asked : shown > 0 && shown < asked);
	hold(trace_filter_vcpu(filter, -1) == !filter->vcpus);
	shown = 0;
	for (int lp = 0; lp < 70; lp++)
		shown += trace_filter_vcpu(filter, lp);
	hold(shown == (filter->vcpus ? (size_t)__builtin_popcountll(filter->vcpus) : 70));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t room = size ? data[0] * 3u + 1 : 1;
	char *text = malloc(size + 1), *err = malloc(room);
	struct trace_spec spec;

	hold(text && err);
	memcpy(text, data, size);
	text[size] = 0;
	err[0] = 0;
	if (trace_spec_parse(&spec, size ? text + 1 : text, err, room))
		hold(strlen(err) < room && (room < 2 || err[0]));
	else
		ask(&spec.filter);
	trace_spec_free(&spec);
	free(text);
	free(err);
	return 0;
}
