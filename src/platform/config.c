// SPDX-License-Identifier: MIT
/*
 * The reader of platform files: one table row and one small function per directive.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "platform/config.h"

#define MAX_LINE  512u
#define MAX_WORDS 16u

/* The line being read. */
struct line {
	const char *file;
	unsigned number;
	char text[MAX_LINE];
	char *word[MAX_WORDS];
	unsigned words;
	char *err;
	size_t err_len;
};

/* What is quoted from a file that is no text must not drive the reader's terminal. */
static void make_printable(char *text)
{
	for (; *text; text++) {
		if (*text < ' ' || *text > '~')
			*text = '?';
	}
}

static bool wrong(struct line *l, const char *format, ...) __attribute__((format(printf, 2, 3)));

static bool wrong(struct line *l, const char *format, ...)
{
	int n = snprintf(l->err, l->err_len, "%s:%u: ", l->file, l->number);
	va_list args;

	va_start(args, format);
	if (n >= 0 && (size_t)n < l->err_len) {
		vsnprintf(l->err + n, l->err_len - (size_t)n, format, args);
		make_printable(l->err + n);
	}
	va_end(args);
	return false;
}

/* A number, decimal or 0x; nothing else around it except what *end is left at. */
static bool scan(const char *word, const char **end, uint64_t *value)
{
	const char *digits = "0123456789abcdefABCDEF";
	unsigned base = 10;

	if (word[0] == '0' && (word[1] == 'x' || word[1] == 'X')) {
		base = 16;
		word += 2;
	}
	*value = 0;
	for (*end = word; **end; (*end)++) {
		const char *at = strchr(digits, **end);
		uint64_t digit = at ? (uint64_t)(at - digits) : 99;

		digit = digit > 15 && digit < 22 ? digit - 6 : digit;
		if (digit >= base)
			break;
		if (*value > (UINT64_MAX - digit) / base)
			return false;
		*value = *value * base + digit;
	}
	return *end != word;
}

/* Word `i` as a number up to `max`. */
static bool number(struct line *l, unsigned i, uint64_t max, uint64_t *value)
{
	const char *end;

	if (!scan(l->word[i], &end, value) || *end || *value > max)
		return wrong(l, "%s: '%s' is not a number up to 0x%" PRIx64, l->word[0], l->word[i],
			     max);
	return true;
}

static bool number32(struct line *l, unsigned i, uint32_t max, uint32_t *value)
{
	uint64_t wide;

	if (!number(l, i, max, &wide))
		return false;
	*value = (uint32_t)wide;
	return true;
}

/* Word `i` as a number with an optional K, M, G or T. */
static bool size(struct line *l, unsigned i, uint64_t *value)
{
	static const char units[] = "KMGT";
	const char *end, *unit;
	unsigned shift;

	if (!scan(l->word[i], &end, value))
		return wrong(l, "%s: '%s' is not a size", l->word[0], l->word[i]);
	if (!*end)
		return true;
	unit = strchr(units, *end);
	if (!unit || end[1])
		return wrong(l, "%s: '%s': a size ends in K, M, G, T or nothing", l->word[0],
			     l->word[i]);
	shift = 10 * (unsigned)(unit - units + 1);
	if (*value > UINT64_MAX >> shift)
		return wrong(l, "%s: '%s' does not fit in 64 bits", l->word[0], l->word[i]);
	*value <<= shift;
	return true;
}

static bool keyword(struct line *l, unsigned i, const char *expected)
{
	if (strcmp(l->word[i], expected) == 0)
		return true;
	return wrong(l, "%s: '%s' where '%s' is expected", l->word[0], l->word[i], expected);
}

static bool read_memory(struct line *l, struct platform_config *c)
{
	return size(l, 1, &c->memory);
}

static bool read_encryption(struct line *l, struct platform_config *c)
{
	c->encrypted = strcmp(l->word[1], "on") == 0;
	if (!c->encrypted && strcmp(l->word[1], "off") != 0)
		return wrong(l, "encryption: '%s' is neither on nor off", l->word[1]);
	return true;
}

static bool read_lps(struct line *l, struct platform_config *c)
{
	return number32(l, 1, PLATFORM_LPS, &c->lps);
}

static bool read_packages(struct line *l, struct platform_config *c)
{
	return number32(l, 1, PLATFORM_PACKAGES, &c->packages);
}

static bool read_maxpa(struct line *l, struct platform_config *c)
{
	return number32(l, 1, 52, &c->maxpa);
}

static bool read_cmr(struct line *l, struct platform_config *c)
{
	struct mem_range r;

	if (c->n_cmr == PLATFORM_CMRS)
		return wrong(l, "cmr: more than %u", PLATFORM_CMRS);
	if (!size(l, 1, &r.base) || !size(l, 2, &r.size))
		return false;
	c->cmr[c->n_cmr++] = r;
	return true;
}

static bool read_seamrr(struct line *l, struct platform_config *c)
{
	if (!size(l, 1, &c->seamrr.base) || !size(l, 2, &c->seamrr.size))
		return false;
	if (!c->seamrr.size || (c->seamrr.size & (c->seamrr.size - 1)) ||
	    c->seamrr.base % c->seamrr.size)
		return wrong(l, "seamrr: the size is a power of two and the base a multiple of it");
	return true;
}

static bool read_max_hkids(struct line *l, struct platform_config *c)
{
	if (!number32(l, 1, PLATFORM_HKIDS, &c->max_hkids))
		return false;
	return c->max_hkids >= 64 || wrong(l, "max_hkids: '%s' is below 64", l->word[1]);
}

static bool read_keyids(struct line *l, struct platform_config *c)
{
	return keyword(l, 1, "mktme") && number32(l, 2, 0x3fff, &c->mktme_keys) &&
	       keyword(l, 3, "tdx") && number32(l, 4, 0x3fff, &c->tdx_keys);
}

static bool read_cpuid(struct line *l, struct platform_config *c)
{
	struct cpuid_entry e = { .subleaf = CPUID_NO_SUBLEAF };

	if (c->n_cpuid == PLATFORM_CPUIDS)
		return wrong(l, "cpuid: more than %u", PLATFORM_CPUIDS);
	if (!number32(l, 1, UINT32_MAX, &e.leaf) ||
	    (strcmp(l->word[2], "-") != 0 && !number32(l, 2, UINT32_MAX, &e.subleaf)) ||
	    !keyword(l, 3, "=") || !number32(l, 4, UINT32_MAX, &e.regs.eax) ||
	    !number32(l, 5, UINT32_MAX, &e.regs.ebx) || !number32(l, 6, UINT32_MAX, &e.regs.ecx) ||
	    !number32(l, 7, UINT32_MAX, &e.regs.edx))
		return false;
	c->cpuid[c->n_cpuid++] = e;
	return true;
}

static bool read_msr(struct line *l, struct platform_config *c)
{
	struct msr_entry m;

	if (c->n_msr == PLATFORM_MSRS)
		return wrong(l, "msr: more than %u", PLATFORM_MSRS);
	if (!number32(l, 1, UINT32_MAX - 1, &m.addr) || !number(l, 2, UINT64_MAX, &m.value))
		return false;
	c->msr[c->n_msr++] = m;
	return true;
}

static bool read_seed(struct line *l, struct platform_config *c)
{
	c->random = strcmp(l->word[1], "random") == 0;
	return c->random || number(l, 1, UINT64_MAX, &c->seed);
}

static bool read_tsc(struct line *l, struct platform_config *c)
{
	c->tsc = (struct tsc_config){ .real = strcmp(l->word[1], "real") == 0 };
	if (c->tsc.real)
		return l->words == 2 || wrong(l, "tsc real: '%s' is too much", l->word[2]);
	if (l->words != 7 && l->words != 9)
		return wrong(l, "tsc: expected 'real' or 'start N event N read N [instruction N]'");
	return keyword(l, 1, "start") && number(l, 2, UINT64_MAX, &c->tsc.start) &&
	       keyword(l, 3, "event") && number(l, 4, UINT64_MAX, &c->tsc.per_event) &&
	       keyword(l, 5, "read") && number(l, 6, UINT64_MAX, &c->tsc.per_read) &&
	       (l->words == 7 || (keyword(l, 7, "instruction") &&
				  number(l, 8, UINT64_MAX, &c->tsc.per_instruction)));
}

static bool read_fms(struct line *l, struct platform_config *c)
{
	return number32(l, 1, UINT32_MAX, &c->loader.fms);
}

static bool read_flag(struct line *l, bool *flag)
{
	uint64_t value;

	if (!number(l, 2, 1, &value))
		return false;
	*flag = value;
	return true;
}

static bool read_hv(struct line *l, uint16_t *hv)
{
	uint64_t value;

	if (!number(l, 2, UINT16_MAX, &value))
		return false;
	*hv = (uint16_t)value;
	return true;
}

static bool read_loader(struct line *l, struct platform_config *c)
{
	const char *name = l->word[1];

	if (!strcmp(name, "handoff_pages"))
		return number32(l, 2, UINT32_MAX, &c->loader.handoff_pages);
	if (!strcmp(name, "stack_pages"))
		return number32(l, 2, UINT32_MAX, &c->loader.stack_pages);
	if (!strcmp(name, "tls_pages"))
		return number32(l, 2, UINT32_MAX, &c->loader.tls_pages);
	if (!strcmp(name, "module_hv"))
		return read_hv(l, &c->loader.module_hv);
	if (!strcmp(name, "min_update_hv"))
		return read_hv(l, &c->loader.min_update_hv);
	if (!strcmp(name, "no_downgrade"))
		return read_flag(l, &c->loader.no_downgrade);
	if (!strcmp(name, "smrr2_not_supported"))
		return read_flag(l, &c->loader.smrr2_not_supported);
	if (!strcmp(name, "without_integrity"))
		return read_flag(l, &c->loader.without_integrity);
	return wrong(l, "loader: unknown name '%s'", name);
}

static int nibble(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool bytes(struct line *l, uint8_t *out, size_t len)
{
	const char *hex = l->word[1];

	if (strlen(hex) != 2 * len)
		return wrong(l, "%s: %zu hexadecimal digits expected, not %zu", l->word[0], 2 * len,
			     strlen(hex));
	for (size_t i = 0; i < len; i++) {
		int high = nibble(hex[2 * i]), low = nibble(hex[2 * i + 1]);

		if (high < 0 || low < 0)
			return wrong(l, "%s: '%.2s' is not hexadecimal", l->word[0], hex + 2 * i);
		out[i] = (uint8_t)(high << 4 | low);
	}
	return true;
}

static bool read_cpusvn(struct line *l, struct platform_config *c)
{
	return bytes(l, c->tcb.cpusvn, sizeof(c->tcb.cpusvn));
}

static bool read_tcbsvn(struct line *l, struct platform_config *c)
{
	return bytes(l, c->tcb.tcbsvn, sizeof(c->tcb.tcbsvn));
}

static bool read_mrseam(struct line *l, struct platform_config *c)
{
	return bytes(l, c->tcb.mrseam, sizeof(c->tcb.mrseam));
}

static bool read_mrsigner(struct line *l, struct platform_config *c)
{
	return bytes(l, c->tcb.mrsigner, sizeof(c->tcb.mrsigner));
}

static bool read_seamdb(struct line *l, struct platform_config *c)
{
	if (!keyword(l, 1, "size") || !number(l, 2, UINT64_MAX, &c->seamdb.size) ||
	    !keyword(l, 3, "last") || !number(l, 4, UINT64_MAX, &c->seamdb.last) ||
	    !keyword(l, 5, "nonce"))
		return false;
	for (unsigned i = 0; i < 4; i++) {
		if (!number(l, 6 + i, UINT64_MAX, &c->seamdb.nonce[i]))
			return false;
	}
	return true;
}

static const struct directive {
	const char *name;
	unsigned min_words, max_words; /* the name included */
	bool (*read)(struct line *, struct platform_config *);
} directives[] = {
	{ "memory", 2, 2, read_memory },
	{ "encryption", 2, 2, read_encryption },
	{ "lps", 2, 2, read_lps },
	{ "packages", 2, 2, read_packages },
	{ "maxpa", 2, 2, read_maxpa },
	{ "cmr", 3, 3, read_cmr },
	{ "seamrr", 3, 3, read_seamrr },
	{ "keyids", 5, 5, read_keyids },
	{ "max_hkids", 2, 2, read_max_hkids },
	{ "cpuid", 8, 8, read_cpuid },
	{ "msr", 3, 3, read_msr },
	{ "seed", 2, 2, read_seed },
	{ "tsc", 2, 9, read_tsc },
	{ "fms", 2, 2, read_fms },
	{ "loader", 3, 3, read_loader },
	{ "cpusvn", 2, 2, read_cpusvn },
	{ "tcbsvn", 2, 2, read_tcbsvn },
	{ "mrseam", 2, 2, read_mrseam },
	{ "mrsignerseam", 2, 2, read_mrsigner },
	{ "seamdb", 10, 10, read_seamdb },
};

static bool read_line(struct line *l, struct platform_config *c)
{
	for (size_t i = 0; i < sizeof(directives) / sizeof(directives[0]); i++) {
		const struct directive *d = &directives[i];

		if (strcmp(l->word[0], d->name) != 0)
			continue;
		if (l->words < d->min_words || l->words > d->max_words)
			return wrong(l, "%s: %u values expected, not %u", d->name, d->min_words - 1,
				     l->words - 1);
		return d->read(l, c);
	}
	return wrong(l, "unknown directive '%s'", l->word[0]);
}

/* Takes the next line out of the text and splits it. */
static bool split_line(struct line *l, const char *text, size_t len)
{
	char *save = NULL, *comment;

	if (len >= MAX_LINE)
		return wrong(l, "the line is longer than %u bytes", MAX_LINE - 1);
	if (memchr(text, 0, len))
		return wrong(l, "a zero byte: this is not a text file");
	memcpy(l->text, text, len);
	l->text[len] = 0;
	comment = strchr(l->text, '#');
	if (comment)
		*comment = 0;
	l->words = 0;
	for (char *w = strtok_r(l->text, " \t\r", &save); w; w = strtok_r(NULL, " \t\r", &save)) {
		if (l->words == MAX_WORDS)
			return wrong(l, "more than %u words", MAX_WORDS);
		l->word[l->words++] = w;
	}
	return true;
}

static void set_defaults(struct platform_config *c)
{
	memset(c, 0, sizeof(*c));
	c->memory = 1ull << 30;
	c->encrypted = true;
	c->lps = 1;
	c->packages = 1;
	c->maxpa = 52;
	c->mktme_keys = 31;
	c->tdx_keys = 32;
	c->max_hkids = 2048;
	c->seed = 1;
	c->tsc.real = true;
}

bool platform_config_parse(struct platform_config *config, const char *name, const char *text,
			   size_t len, char *err, size_t err_len)
{
	struct line l = { .file = name, .err = err, .err_len = err_len };

	set_defaults(config);
	while (len > 0) {
		const char *newline = memchr(text, '\n', len);
		size_t n = newline ? (size_t)(newline - text) : len;

		l.number++;
		if (!split_line(&l, text, n) || (l.words && !read_line(&l, config)))
			return false;
		n += newline != NULL;
		text += n;
		len -= n;
	}
	return true;
}
