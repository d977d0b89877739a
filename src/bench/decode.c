// SPDX-License-Identifier: MIT
/*
 * Explaining a kernel log of 100,000 lines, every tenth of them a failed SEAMCALL, against grep(1)
 * over the same file.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "bench/bench.h"
#include "bench/internal.h"
#include "explain/explain.h"

#define LINES 100000u

static int write_log(FILE *f, struct vmm_error *err)
{
	for (unsigned i = 0; i < LINES; i++) {
		if (i % 10)
			fprintf(f, "[%5u.%06u] usb 1-%u: new device found, idVendor=%04x\n",
				i / 100, i, i % 9, i & 0xffff);
		else
			fprintf(f, "[%5u.%06u] SEAMCALL (0x%x) failed: 0x%" PRIx64 "\n", i / 100, i,
				i / 10 % 40, 0x8000020000000000 + i % 16);
	}
	return fflush(f) ? vmm_fail(err, "a temporary file can't be written") : 0;
}

static int explain(FILE *f, struct vmm_error *err)
{
	struct explain_log log = { 0 };
	unsigned explained = 0;
	char in[8192], text[1024];

	rewind(f);
	while (fgets(in, sizeof(in), f))
		explained += explain_log_line(text, sizeof(text), &log, in) != 0;
	return explained == LINES / 10
		       ? 0
		       : vmm_fail(err, "%u of %u lines were explained", explained, LINES / 10);
}

/* The child reads the same open file. */
static int grep(FILE *f, struct vmm_error *err)
{
	char command[64], count[32] = "";
	FILE *out;

	snprintf(command, sizeof(command), "LC_ALL=C grep -c SEAMCALL <&%d", fileno(f));
	if (lseek(fileno(f), 0, SEEK_SET))
		return vmm_fail(err, "a temporary file can't be read");
	out = popen(command, "r");
	if (!out || !fgets(count, sizeof(count), out) || strtoul(count, NULL, 10) != LINES / 10) {
		if (out)
			pclose(out);
		return vmm_fail(err, "grep counted '%s', not %u lines", count, LINES / 10);
	}
	return pclose(out) ? vmm_fail(err, "grep failed") : 0;
}

static int measure(FILE *f, struct bench_decode *out, struct vmm_error *err)
{
	for (unsigned round = 0; round < BENCH_ROUNDS; round++) {
		double start = bench_now(), middle;

		if (explain(f, err))
			return -1;
		middle = bench_now();
		if (grep(f, err))
			return -1;
		bench_keep_best(&out->decode, middle - start);
		bench_keep_best(&out->grep, bench_now() - middle);
	}
	return 0;
}

int bench_decode(struct bench_decode *out, struct vmm_error *err)
{
	FILE *f = tmpfile();
	int result;

	if (!f)
		return vmm_fail(err, "no temporary file can be made");
	*out = (struct bench_decode){ .lines = LINES };
	result = write_log(f, err) || measure(f, out, err) ? -1 : 0;
	fclose(f);
	return result;
}
