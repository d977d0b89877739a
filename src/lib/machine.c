// SPDX-License-Identifier: MIT
/*
 * A machine: a platform, a module on it, its processors, and what a test may change about them.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/machine_impl.h"
#include "module/machine_check.h"
#include "module/state.h"
#include "module/vcpu.h"
#include "vmx/lp.h"

static const struct seamless_config standard = { .name = "default" };

static const char plaintext[] = "\nencryption off\n";

static bool ends_with(const char *text, size_t len, const char *end)
{
	size_t n = strlen(end);

	return len >= n && !memcmp(text + len - n, end, n);
}

/*
 * The configuration's text, or the built-in one of its name, to be freed. Another process that maps
 * the memory sees plaintext and is not seen writing, so shareable memory is never encrypted.
 */
static char *make_text(const struct seamless_config *config, size_t *len, char *err, size_t err_len)
{
	const char *text = config->text, *more = "";
	char *all;

	*len = config->len;
	if (!text)
		text = platform_builtin(config->name, len);
	if (!text) {
		snprintf(err, err_len, "no built-in platform '%s'", config->name);
		return NULL;
	}
	if (config->shareable && !ends_with(text, *len, plaintext))
		more = plaintext;
	all = malloc(*len + strlen(more) + 1);
	if (!all) {
		snprintf(err, err_len, "out of memory");
		return NULL;
	}
	memcpy(all, text, *len);
	strcpy(all + *len, more);
	*len += strlen(more);
	return all;
}

static struct platform *make_platform(const struct seamless_config *config, const char *text,
				      size_t len, char *err, size_t err_len)
{
	struct platform_config *parsed = malloc(sizeof(*parsed));
	struct platform *p = NULL;
	char why[200];

	if (!parsed) {
		snprintf(err, err_len, "out of memory");
	} else if (platform_config_parse(parsed, config->name, text, len, err, err_len)) {
		parsed->shareable = config->shareable;
		p = platform_create(parsed, why, sizeof(why));
		if (!p)
			snprintf(err, err_len, "%s: %s", config->name, why);
	}
	free(parsed);
	return p;
}

static void init_machine(struct seamless_machine *m)
{
	atomic_store(&m->event_ticks, m->platform->config.tsc.per_event);
	for (unsigned i = 0; i < PLATFORM_LPS; i++) {
		m->lp[i].machine = m;
		m->lp[i].number = i;
	}
}

/*
 * Until the module is ready, and when it was shut down, nobody can tell whose pages are. Memory
 * asks, with a lock held, also while the module writes: a PAMT that the host destroyed is no
 * machine check then, which would leave the call and the lock as they are.
 */
static bool is_owned(const void *module, uint64_t pa)
{
	struct machine_check *guard = machine_check_guard;
	const struct module *m = module;
	bool owned;

	machine_check_guard = NULL;
	owned = __atomic_load_n(&m->sys_state, __ATOMIC_ACQUIRE) != SYS_STATE_READY ||
		module_owns_page(m, pa);
	machine_check_guard = guard;
	return owned;
}

static bool make_interpreters(struct seamless_machine *m)
{
	return m->guest != SEAMLESS_GUEST_INTERPRETED ||
	       vmx_create(module_processors(m->module), seamless_lps(m));
}

/* Takes over the platform and the text, also on failure. */
static struct seamless_machine *assemble(struct platform *p, char *text, size_t len,
					 enum seamless_guest guest)
{
	struct seamless_machine *m = p ? calloc(1, sizeof(*m)) : NULL;

	if (!m) {
		free(text);
		platform_destroy(p);
		return NULL;
	}
	m->platform = p;
	m->text = text;
	m->text_len = len;
	m->guest = guest;
	pthread_mutex_init(&m->faults.lock, NULL);
	m->module = module_create(p);
	p->mem.owner = m->module;
	p->mem.owned = m->module ? is_owned : NULL;
	if (m->module && make_interpreters(m) && (!CHECK_STATE || lib_checker_create(m)))
		return m;
	seamless_destroy(m);
	return NULL;
}

struct seamless_machine *seamless_create(const struct seamless_config *config, char *err,
					 size_t err_len)
{
	struct seamless_machine *m;
	size_t len;
	char *text;

	config = config ? config : &standard;
	text = make_text(config, &len, err, err_len);
	if (!text)
		return NULL;
	snprintf(err, err_len, "out of memory");
	m = assemble(make_platform(config, text, len, err, err_len), text, len, config->guest);
	if (m) {
		init_machine(m);
		snprintf(err, err_len, "%s", "");
	}
	return m;
}

void seamless_destroy(struct seamless_machine *m)
{
	if (!m)
		return;
	for (unsigned i = 0; i < PLATFORM_LPS; i++)
		lib_play_end(&m->lp[i]);
	lib_unwatch(m);
	lib_checker_destroy(m);
	seamless_fault_clear(m);
	pthread_mutex_destroy(&m->faults.lock);
	module_destroy(m->module);
	platform_destroy(m->platform);
	free(m->text);
	free(m);
}

const char *seamless_machine_text(const struct seamless_machine *m, size_t *len)
{
	*len = m->text_len;
	return m->text;
}

const char *seamless_platform_text(const char *name, size_t *len)
{
	return platform_builtin(name, len);
}

unsigned seamless_lps(const struct seamless_machine *m)
{
	return m->platform->config.lps;
}

unsigned seamless_packages(const struct seamless_machine *m)
{
	return m->platform->config.packages;
}

uint64_t seamless_memory_size(const struct seamless_machine *m)
{
	return m->platform->config.memory;
}

int seamless_memory_fd(const struct seamless_machine *m)
{
	return m->platform->mem.fd;
}

void seamless_reload_module(struct seamless_machine *m)
{
	module_reload(m->module);
	lib_tell(m, &(struct seamless_event){ .kind = SEAMLESS_EVENT_RELOAD });
}

bool seamless_trace_add(struct seamless_machine *m, seamless_trace_tell trace, void *opaque)
{
	if (m->traces == SEAMLESS_TRACES)
		return false;
	m->trace[m->traces++] = (struct lib_trace){ trace, opaque };
	return true;
}

void seamless_trace_remove(struct seamless_machine *m, seamless_trace_tell trace, void *opaque)
{
	for (unsigned i = 0; i < m->traces; i++) {
		if (m->trace[i].tell != trace || m->trace[i].opaque != opaque)
			continue;
		m->trace[i] = m->trace[--m->traces];
		return;
	}
}

void seamless_set_script(struct seamless_machine *m, seamless_script script, void *opaque)
{
	m->script = script;
	m->script_opaque = opaque;
}

uint64_t seamless_msr(struct seamless_machine *m, unsigned lp, uint32_t addr)
{
	return lp < seamless_lps(m) ? platform_rdmsr(m->platform, lp, addr) : 0;
}

static bool valid_lps(const struct seamless_machine *m, int lp)
{
	return lp == SEAMLESS_ALL_LPS || (lp >= 0 && (unsigned)lp < seamless_lps(m));
}

bool seamless_set_msr(struct seamless_machine *m, int lp, uint32_t addr, uint64_t value)
{
	bool done = valid_lps(m, lp);

	for (unsigned i = 0; done && i < seamless_lps(m); i++) {
		if (lp == SEAMLESS_ALL_LPS || (unsigned)lp == i)
			done = platform_set_msr(m->platform, i, addr, value);
	}
	if (done)
		lib_tell(m, &(struct seamless_event){ .kind = SEAMLESS_EVENT_MSR,
						      .lp = lp,
						      .addr = addr,
						      .value = value });
	return done;
}

struct seamless_cpuid seamless_cpuid(const struct seamless_machine *m, unsigned lp, uint32_t leaf,
				     uint32_t subleaf)
{
	struct cpuid_regs r = { 0 };

	if (lp < seamless_lps(m))
		platform_cpuid(m->platform, lp, leaf, subleaf, &r);
	return (struct seamless_cpuid){ r.eax, r.ebx, r.ecx, r.edx };
}

bool seamless_set_cpuid(struct seamless_machine *m, int lp, uint32_t leaf, uint32_t subleaf,
			struct seamless_cpuid value)
{
	const struct cpuid_entry entry = { leaf,
					   subleaf,
					   { value.eax, value.ebx, value.ecx, value.edx } };

	if (!valid_lps(m, lp) || !platform_set_cpuid(m->platform, lp, &entry))
		return false;
	lib_tell(m, &(struct seamless_event){ .kind = SEAMLESS_EVENT_CPUID,
					      .lp = lp,
					      .addr = leaf,
					      .subleaf = subleaf,
					      .cpuid = value });
	return true;
}

void seamless_clear_cpuid(struct seamless_machine *m)
{
	platform_clear_cpuid(m->platform);
	lib_tell(m, &(struct seamless_event){ .kind = SEAMLESS_EVENT_CPUID_CLEAR });
}

static void tell_value(const struct seamless_machine *m, enum seamless_event_kind kind,
		       uint64_t value)
{
	lib_tell(m, &(struct seamless_event){ .kind = kind, .value = value });
}

void seamless_set_interrupt(struct seamless_machine *m, bool pending)
{
	platform_set_interrupt(m->platform, pending);
	tell_value(m, SEAMLESS_EVENT_INTERRUPT, pending);
}

void seamless_set_entropy(struct seamless_machine *m, bool available)
{
	platform_set_entropy(m->platform, available);
	tell_value(m, SEAMLESS_EVENT_ENTROPY, available);
}

void seamless_inject_pconfig(struct seamless_machine *m, uint32_t code)
{
	platform_inject_pconfig(m->platform, code);
	tell_value(m, SEAMLESS_EVENT_PCONFIG, code);
}

void seamless_report_key(const struct seamless_machine *m, uint8_t key[32])
{
	memcpy(key, m->platform->report_key, sizeof(m->platform->report_key));
}

uint64_t seamless_tsc(struct seamless_machine *m)
{
	return platform_rdtsc(m->platform);
}

uint64_t seamless_time_ns(const struct seamless_machine *m)
{
	const struct platform *p = m->platform;
	uint64_t ticks = platform_tsc_now(p) - p->config.tsc.start;

	return p->tsc_hz ? (uint64_t)((unsigned __int128)ticks * 1000000000u / p->tsc_hz) : ticks;
}

bool seamless_time_counted(const struct seamless_machine *m)
{
	return !m->platform->config.tsc.real;
}

void seamless_advance_tsc(struct seamless_machine *m, uint64_t ticks)
{
	platform_tsc_advance(m->platform, ticks);
}

uint64_t seamless_event_ticks(const struct seamless_machine *m)
{
	return atomic_load(&m->event_ticks);
}

void seamless_set_event_ticks(struct seamless_machine *m, uint64_t ticks)
{
	atomic_store(&m->event_ticks, ticks);
}
