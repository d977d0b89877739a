// SPDX-License-Identifier: MIT
/*
 * `seamless bench`: speeds as ratios to a baseline that is measured in the same run.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>

#include "bench/bench.h"
#include "cli/cli.h"
#include "cli/option.h"

struct results {
	struct bench_td_build build;
	struct bench_measure measure;
	struct bench_accept accept;
	struct bench_migration migration;
	struct bench_round_trip trip;
	struct bench_threads threads;
	struct bench_interpreter interpreter;
	struct bench_verify verify;
	struct bench_decode decode;
};

static void usage(FILE *out)
{
	fputs("usage: seamless bench [--json]\n\n"
	      "Measures, each against a baseline in the same run:\n"
	      "  building a TD of 16 MiB, measured, against libcrypto's SHA-384 over the bytes "
	      "that MRTD covers\n"
	      "  measuring a firmware image of 4 MiB, against the same\n"
	      "  32 MiB added to a running TD and accepted, in pages of 4 KiB and of 2 MiB, "
	      "against "
	      "clearing 32 MiB\n"
	      "  2 MiB exported and imported, against AES-256-GCM of as much there and back in "
	      "libcrypto\n"
	      "  a SEAMCALL there and back (TDH.MNG.RD) against a call of an empty function\n"
	      "  two threads on two TDs against one thread on one; also with a module for each\n"
	      "  the interpreter on integer code and on memory-heavy code, in instructions a "
	      "second\n"
	      "  verifying a quote, against the libcrypto operations that this takes\n"
	      "  explaining a kernel log of 100,000 lines, against grep over it\n",
	      out);
}

static int measure(struct results *r, struct vmm_error *err)
{
	return bench_td_build(&r->build, err) || bench_measure(&r->measure, err) ||
			       bench_accept(&r->accept, err) ||
			       bench_migration(&r->migration, err) ||
			       bench_round_trip(&r->trip, err) || bench_threads(&r->threads, err) ||
			       bench_interpreter(&r->interpreter, err) ||
			       bench_verify(&r->verify, err) || bench_decode(&r->decode, err)
		       ? -1
		       : 0;
}

static void print_text(const struct results *r)
{
	const struct bench_td_build *b = &r->build;

	printf("TD build, measured     %6.2f of SHA-384 alone  (%.1f MB hashed: %.1f ms, SHA-384 "
	       "%.1f ms)\n",
	       b->hash / b->build, (double)b->hashed * 1e-6, b->build * 1e3, b->hash * 1e3);
	printf("measuring an image     %6.2f of SHA-384 alone  (%.1f MB hashed: %.1f ms, SHA-384 "
	       "%.1f ms)\n",
	       r->measure.hash / r->measure.measure, (double)r->measure.hashed * 1e-6,
	       r->measure.measure * 1e3, r->measure.hash * 1e3);
	printf("AUG and ACCEPT, 4 KiB  %6.2f of clearing as much (%.1f ms, clearing %.1f ms)\n",
	       r->accept.clear / r->accept.small, r->accept.small * 1e3, r->accept.clear * 1e3);
	printf("AUG and ACCEPT, 2 MiB  %6.2f of clearing as much (%.1f ms)\n",
	       r->accept.clear / r->accept.large, r->accept.large * 1e3);
	printf("EXPORT and IMPORT.MEM  %6.2f of AES-256-GCM     (2 MiB: %.2f ms, AES-GCM %.2f "
	       "ms)\n",
	       r->migration.cipher / r->migration.move, r->migration.move * 1e3,
	       r->migration.cipher * 1e3);
	printf("SEAMCALL round trip    %6.1f empty calls       (TDH.MNG.RD %.0f ns, call %.2f "
	       "ns)\n",
	       r->trip.seamcall / r->trip.call, r->trip.seamcall * 1e9, r->trip.call * 1e9);
	printf("two threads, two TDs   %6.2f times one         (%" PRIu64
	       " calls each: %.2f ms, alone %.2f ms; on two modules %.2f)\n",
	       2 * r->threads.one / r->threads.two, 2 * r->threads.calls, r->threads.two * 1e3,
	       r->threads.one * 1e3, 2 * r->threads.one / r->threads.apart);
	printf("interpreter, integer   %6.1f million instructions a second\n",
	       r->interpreter.integer * 1e-6);
	printf("interpreter, memory    %6.1f million instructions a second\n",
	       r->interpreter.memory * 1e-6);
	printf("verifying a quote      %6.2f of libcrypto alone (%.2f ms, libcrypto %.2f ms)\n",
	       r->verify.verify / r->verify.libcrypto, r->verify.verify * 1e3,
	       r->verify.libcrypto * 1e3);
	printf("explaining a log       %6.1f times grep        (%" PRIu64
	       " lines: %.1f ms, grep %.1f ms)\n",
	       r->decode.decode / r->decode.grep, r->decode.lines, r->decode.decode * 1e3,
	       r->decode.grep * 1e3);
}

static void print_json(const struct results *r)
{
	const struct bench_td_build *b = &r->build;

	printf("{\"td_build\":{\"ratio\":%.4f,\"pages\":%" PRIu64 ",\"hashed_bytes\":%" PRIu64
	       ",\"build_s\":%.6f,\"sha384_s\":%.6f},\n",
	       b->hash / b->build, b->pages, b->hashed, b->build, b->hash);
	printf(" \"measure\":{\"ratio\":%.4f,\"image_bytes\":%" PRIu64 ",\"hashed_bytes\":%" PRIu64
	       ",\"measure_s\":%.6f,\"sha384_s\":%.6f},\n",
	       r->measure.hash / r->measure.measure, r->measure.image, r->measure.hashed,
	       r->measure.measure, r->measure.hash);
	printf(" \"accept\":{\"ratio_4k\":%.4f,\"ratio_2m\":%.4f,\"bytes\":%" PRIu64
	       ",\"pages_4k_s\":%.6f,\"pages_2m_s\":%.6f,\"clear_s\":%.6f},\n",
	       r->accept.clear / r->accept.small, r->accept.clear / r->accept.large,
	       r->accept.bytes, r->accept.small, r->accept.large, r->accept.clear);
	printf(" \"migration\":{\"ratio\":%.4f,\"bytes\":%" PRIu64
	       ",\"move_s\":%.6f,\"aes_gcm_s\":%.6f},\n",
	       r->migration.cipher / r->migration.move, r->migration.bytes, r->migration.move,
	       r->migration.cipher);
	printf(" \"seamcall\":{\"ratio\":%.2f,\"seamcall_ns\":%.2f,\"call_ns\":%.3f},\n",
	       r->trip.seamcall / r->trip.call, r->trip.seamcall * 1e9, r->trip.call * 1e9);
	printf(" \"threads\":{\"ratio\":%.4f,\"apart_ratio\":%.4f,\"calls\":%" PRIu64
	       ",\"one_s\":%.6f,\"two_s\":%.6f,\"apart_s\":%.6f},\n",
	       2 * r->threads.one / r->threads.two, 2 * r->threads.one / r->threads.apart,
	       2 * r->threads.calls, r->threads.one, r->threads.two, r->threads.apart);
	printf(" \"interpreter\":{\"integer_per_s\":%.0f,\"memory_per_s\":%.0f},\n",
	       r->interpreter.integer, r->interpreter.memory);
	printf(" \"verify\":{\"ratio\":%.4f,\"verify_s\":%.6f,\"libcrypto_s\":%.6f},\n",
	       r->verify.verify / r->verify.libcrypto, r->verify.verify, r->verify.libcrypto);
	printf(" \"decode\":{\"ratio\":%.2f,\"lines\":%" PRIu64
	       ",\"decode_s\":%.6f,\"grep_s\":%.6f}}\n",
	       r->decode.decode / r->decode.grep, r->decode.lines, r->decode.decode,
	       r->decode.grep);
}

/* -1: go on; else the exit status. */
static int read_options(bool *json, int argc, char **argv)
{
	static const struct option options[] = { { "json", no_argument, NULL, 'j' },
						 { "help", no_argument, NULL, 'h' },
						 { 0 } };
	int c;

	while ((c = cli_option(argc, argv, ":h", options)) != -1) {
		if (c == 'h') {
			usage(stdout);
			return CLI_DONE;
		}
		if (c != 'j')
			return CLI_USAGE;
		*json = true;
	}
	if (optind == argc)
		return -1;
	fprintf(stderr, "seamless bench: '%s': only options are expected\n", argv[optind]);
	return CLI_USAGE;
}

static int run(int argc, char **argv)
{
	bool json = false;
	int result = read_options(&json, argc, argv);
	struct results results;
	struct vmm_error err;

	if (result >= 0)
		return result;
	if (measure(&results, &err)) {
		fprintf(stderr, "seamless bench: %s\n", err.text);
		return CLI_WRONG;
	}
	if (json)
		print_json(&results);
	else
		print_text(&results);
	return CLI_DONE;
}

const struct cli_verb verb_bench = { "bench", "speeds, each against a baseline in the same run",
				     run };
