// SPDX-License-Identifier: MIT
/*
 * The emulated machine: creation, random numbers, key programming, interrupts and time.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "platform/lp.h"
#include "platform/platform.h"

#define MAX_HANDOFF_PAGES 65536u
#define GOLDEN		  0x9e3779b97f4a7c15ull
#define NS		  1000000000u

static bool refuse(char *err, size_t err_len, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static bool refuse(char *err, size_t err_len, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(err, err_len, format, args);
	va_end(args);
	return false;
}

/* Bits that hold key ids 0..n-1. */
static unsigned key_bits(unsigned n)
{
	unsigned bits = 0;

	while ((1u << bits) < n)
		bits++;
	return bits;
}

static bool check_keys(const struct platform_config *c, char *err, size_t err_len)
{
	unsigned bits;

	if (c->mktme_keys > 0x3fff || c->tdx_keys > 0x3fff || !c->tdx_keys)
		return refuse(err, err_len,
			      "keyids mktme %u tdx %u: each up to 16383, tdx 1 or more",
			      c->mktme_keys, c->tdx_keys);
	bits = key_bits(1 + c->mktme_keys + c->tdx_keys);
	if (c->maxpa < 40 || c->maxpa > 52)
		return refuse(err, err_len, "maxpa %u: 40..52", c->maxpa);
	if (c->memory > 1ull << (c->maxpa - bits))
		return refuse(err, err_len,
			      "memory of 0x%llx bytes reaches into the %u key-id bits below bit %u",
			      (unsigned long long)c->memory, bits, c->maxpa);
	return true;
}

/* CPUID tells the width too: the two must agree. */
static bool check_width(const struct platform_config *c, char *err, size_t err_len)
{
	for (unsigned i = 0; i < c->n_cpuid; i++) {
		const struct cpuid_entry *e = &c->cpuid[i];

		if (e->leaf == 0x80000008 && (e->regs.eax & 0xff) != c->maxpa)
			return refuse(err, err_len, "maxpa %u: cpuid leaf 0x80000008 says %u",
				      c->maxpa, e->regs.eax & 0xff);
	}
	return true;
}

static bool check_cmrs(const struct platform_config *c, char *err, size_t err_len)
{
	uint64_t end = 0;

	for (unsigned i = 0; i < c->n_cmr; i++) {
		const struct mem_range *r = &c->cmr[i];

		if (!r->size || (r->base | r->size) % MEM_PAGE || r->base < end ||
		    r->base > c->memory || r->size > c->memory - r->base)
			return refuse(err, err_len,
				      "cmr 0x%llx 0x%llx: 4 KiB multiples, ascending, within "
				      "memory of 0x%llx bytes",
				      (unsigned long long)r->base, (unsigned long long)r->size,
				      (unsigned long long)c->memory);
		end = r->base + r->size;
	}
	return true;
}

bool platform_config_check(const struct platform_config *c, char *err, size_t err_len)
{
	if (!c->lps || c->lps > PLATFORM_LPS)
		return refuse(err, err_len, "lps %u: 1..%u", c->lps, PLATFORM_LPS);
	if (!c->packages || c->packages > PLATFORM_PACKAGES || c->packages > c->lps)
		return refuse(err, err_len, "packages %u: 1..%u and not more than lps (%u)",
			      c->packages, PLATFORM_PACKAGES, c->lps);
	if (c->loader.handoff_pages > MAX_HANDOFF_PAGES)
		return refuse(err, err_len, "loader handoff_pages %u: up to %u",
			      c->loader.handoff_pages, MAX_HANDOFF_PAGES);
	if (c->n_cmr > PLATFORM_CMRS || c->n_cpuid > PLATFORM_CPUIDS || c->n_msr > PLATFORM_MSRS)
		return refuse(err, err_len, "too many cmr, cpuid or msr entries");
	return check_keys(c, err, err_len) && check_width(c, err, err_len) &&
	       check_cmrs(c, err, err_len);
}

static uint64_t mix(uint64_t x)
{
	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ull;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebull;
	return x ^ (x >> 31);
}

/* The n-th number of the sequence that belongs to `seed`. */
static uint64_t sequence(uint64_t seed, uint64_t n)
{
	return mix(mix(seed) + (n + 1) * GOLDEN);
}

/* Secrets of the CPU itself: never repeat the numbers that RDRAND gives. */
static bool make_secrets(struct platform *p, uint64_t *memory_secret)
{
	uint64_t key[5];

	for (unsigned i = 0; i < 5; i++)
		key[i] = sequence(~p->config.seed, i);
	if (p->config.random && getrandom(key, sizeof(key), 0) != sizeof(key))
		return false;
	memcpy(p->report_key, key, sizeof(p->report_key));
	*memory_secret = key[4];
	return true;
}

static uint64_t tsc_rate(const struct platform *p)
{
	struct cpuid_regs r;

	platform_cpuid(p, 0, 0x15, CPUID_NO_SUBLEAF, &r);
	return r.eax && r.ebx && r.ecx ? (uint64_t)r.ecx * r.ebx / r.eax : 0;
}

static uint64_t clock_of(const void *platform)
{
	return platform_tsc_now(platform);
}

static bool allocate(struct platform *p, char *err, size_t err_len)
{
	const struct platform_config *c = &p->config;
	uint64_t secret;

	if (!make_secrets(p, &secret))
		return refuse(err, err_len, "the system gives no random numbers");
	p->msrs = calloc(c->lps, sizeof(*p->msrs));
	p->handoff = calloc(c->loader.handoff_pages + 1, MEM_PAGE);
	if (!p->msrs || !p->handoff)
		return refuse(err, err_len, "out of memory");
	if (!mem_size_valid(c->memory))
		return refuse(err, err_len, "memory 0x%llx: not a 4 KiB multiple up to 2^46",
			      (unsigned long long)c->memory);
	if (!mem_init(&p->mem, c->memory, c->encrypted, c->shareable, secret))
		return refuse(err, err_len,
			      "out of memory: no address space for 0x%llx bytes of RAM",
			      (unsigned long long)c->memory);
	p->mem.now = clock_of;
	p->mem.clock = p;
	p->tsc_hz = tsc_rate(p);
	if (c->tsc.real && !p->tsc_hz)
		return refuse(err, err_len, "tsc real: needs a cpuid line for leaf 0x15");
	return true;
}

struct platform *platform_create(const struct platform_config *config, char *err, size_t err_len)
{
	struct platform *p;

	if (!platform_config_check(config, err, err_len))
		return NULL;
	p = calloc(1, sizeof(*p));
	if (!p) {
		refuse(err, err_len, "out of memory");
		return NULL;
	}
	p->config = *config;
	p->first_private = (uint16_t)(config->mktme_keys + 1);
	p->hkids = (uint16_t)(p->first_private + config->tdx_keys);
	p->hkid_shift = config->maxpa - key_bits(p->hkids);
	if (!allocate(p, err, err_len)) {
		platform_destroy(p);
		return NULL;
	}
	platform_reset(p);
	return p;
}

void platform_destroy(struct platform *p)
{
	if (!p)
		return;
	if (p->mem.base)
		mem_fini(&p->mem);
	free(p->msrs);
	free(p->handoff);
	free(p);
}

static uint64_t clock_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

void platform_reset(struct platform *p)
{
	mem_reset(&p->mem);
	platform_clear_cpuid(p);
	lp_reset_msrs(p);
	memset(p->handoff, 0, (size_t)p->config.loader.handoff_pages * MEM_PAGE);
	for (unsigned lp = 0; lp < p->config.lps; lp++)
		atomic_store(&p->kicked[lp], false);
	atomic_store(&p->interrupt, false);
	atomic_store(&p->entropy, true);
	atomic_store(&p->random_count, 0);
	atomic_store(&p->pconfig_code, PCONFIG_DONE);
	platform_set_tsc(p, p->config.tsc.start);
}

void platform_set_tsc(struct platform *p, uint64_t value)
{
	atomic_store(&p->tsc, value);
	p->clock_start_ns = clock_ns();
}

void platform_lp_kick(struct platform *p, unsigned lp)
{
	atomic_store(&p->kicked[lp], true);
}

void platform_lp_ack(struct platform *p, unsigned lp)
{
	atomic_store(&p->kicked[lp], false);
}

void platform_set_quantum(struct platform *p, uint64_t instructions)
{
	atomic_store(&p->quantum, instructions);
}

void platform_set_interrupt(struct platform *p, bool pending)
{
	atomic_store(&p->interrupt, pending);
}

bool platform_rdrand(struct platform *p, unsigned lp, uint64_t *value)
{
	(void)lp;
	if (!atomic_load(&p->entropy))
		return false;
	if (p->config.random)
		return getrandom(value, sizeof(*value), 0) == sizeof(*value);
	*value = sequence(p->config.seed, atomic_fetch_add(&p->random_count, 1));
	return true;
}

bool platform_rdseed(struct platform *p, unsigned lp, uint64_t *value)
{
	return platform_rdrand(p, lp, value);
}

void platform_set_entropy(struct platform *p, bool available)
{
	atomic_store(&p->entropy, available);
}

uint32_t platform_pconfig(struct platform *p, unsigned lp, uint16_t hkid)
{
	uint32_t code = atomic_exchange(&p->pconfig_code, PCONFIG_DONE);

	(void)lp;
	if (code != PCONFIG_DONE)
		return code;
	return hkid < p->hkids ? PCONFIG_DONE : PCONFIG_INVALID_PROGRAM;
}

void platform_inject_pconfig(struct platform *p, uint32_t code)
{
	atomic_store(&p->pconfig_code, code);
}

/* Whole seconds apart: no division of more than 64 bits, which each VM exit would wait for. */
static uint64_t ticks_since(const struct platform *p, uint64_t ns)
{
	uint64_t passed = ns - p->clock_start_ns, hz = p->tsc_hz;

	return passed / NS * hz + passed % NS * (hz / NS) + passed % NS * (hz % NS) / NS;
}

uint64_t platform_tsc_now(const struct platform *p)
{
	uint64_t base = atomic_load(&p->tsc);

	return p->config.tsc.real ? base + ticks_since(p, clock_ns()) : base;
}

uint64_t platform_rdtsc(struct platform *p)
{
	const struct tsc_config *c = &p->config.tsc;

	if (c->real)
		return platform_tsc_now(p);
	return atomic_fetch_add(&p->tsc, c->per_read) + c->per_read;
}

void platform_tsc_advance(struct platform *p, uint64_t ticks)
{
	atomic_fetch_add(&p->tsc, ticks);
}
