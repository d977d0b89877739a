/* SPDX-License-Identifier: MIT */
/*
 * The measurements of `seamless bench`. Each runs both sides of its ratio in turn, several times,
 * and keeps the best time of each side, or of each piece of it: noise only ever adds.
 */
#ifndef BENCH_BENCH_H
#define BENCH_BENCH_H

#include <stdint.h>

#include "vmm/error.h"

/*
 * Building a TD: all its memory added and measured; against libcrypto's SHA-384 over the bytes that
 * MRTD covers.
 */
struct bench_td_build {
	uint64_t pages;
	uint64_t hashed; /* bytes */
	double build;	 /* seconds */
	double hash;	 /* seconds */
};

int bench_td_build(struct bench_td_build *out, struct vmm_error *err);

/*
 * Measuring a firmware image that is in memory already, in one order on one thread; against the
 * same.
 */
struct bench_measure {
	uint64_t image;	 /* bytes */
	uint64_t hashed; /* bytes */
	double measure;	 /* seconds */
	double hash;	 /* seconds */
};

int bench_measure(struct bench_measure *out, struct vmm_error *err);

/* Adding memory to a running TD and accepting it, in pages of 4 KiB and of 2 MiB, against clearing
 * as much memory. */
struct bench_accept {
	uint64_t bytes;
	double small; /* seconds, all of it in 4 KiB pages */
	double large; /* in 2 MiB pages */
	double clear;
};

int bench_accept(struct bench_accept *out, struct vmm_error *err);

/* Exporting and importing memory of a TD, against AES-256-GCM of as much memory there and back. */
struct bench_migration {
	uint64_t bytes;
	double move; /* seconds */
	double cipher;
};

int bench_migration(struct bench_migration *out, struct vmm_error *err);

/* TDH.MNG.RD there and back, against a call of an empty function. */
struct bench_round_trip {
	double seamcall; /* seconds for one */
	double call;
};

int bench_round_trip(struct bench_round_trip *out, struct vmm_error *err);

/* The same work, done once by one thread, and twice by two threads with a TD each. */
struct bench_threads {
	uint64_t calls; /* TDH.MEM.PAGE.AUG and TDH.MEM.SEPT.RD of one thread; its
			   TDH.MEM.RANGE.BLOCK and TDH.MEM.PAGE.REMOVE are as many */
	double one;	/* seconds */
	double two;	/* both TDs of one module */
	double apart;	/* each of a module of its own */
};

int bench_threads(struct bench_threads *out, struct vmm_error *err);

/* The interpreter, in instructions per second. */
struct bench_interpreter {
	double integer;
	double memory;
};

int bench_interpreter(struct bench_interpreter *out, struct vmm_error *err);

/* Verifying a quote, against the libcrypto operations that this takes. */
struct bench_verify {
	double verify; /* seconds for one */
	double libcrypto;
};

int bench_verify(struct bench_verify *out, struct vmm_error *err);

/* Explaining a kernel log, against grep(1) over the same file. */
struct bench_decode {
	uint64_t lines;
	double decode; /* seconds */
	double grep;
};

int bench_decode(struct bench_decode *out, struct vmm_error *err);

#endif
