import uuid_utils.compat
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('preservation', '0002_correct_changes'),
    ]

    operations = [
        migrations.CreateModel(
            name='BackupState',
            fields=[
                ('folder', models.CharField(max_length=900, primary_key=True, serialize=False)),
                ('card', models.CharField(max_length=16)),
                ('base', models.CharField(blank=True, max_length=80)),
                ('base_at', models.DateTimeField(null=True)),
                ('base_bytes', models.BigIntegerField(default=0)),
                ('base_seconds', models.FloatField(default=0)),
                ('mark_at', models.DateTimeField(null=True)),
                ('packages', models.BigIntegerField(default=0)),
                ('unreadable', models.IntegerField(default=0)),
                ('problem', models.CharField(blank=True, max_length=16)),
                ('problem_at', models.DateTimeField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name='Drill',
            fields=[
                ('id', models.UUIDField(default=uuid_utils.compat.uuid7, editable=False, primary_key=True, serialize=False)),
                ('agency_id', models.UUIDField()),
                ('kind', models.CharField(choices=[('restore', '备份恢复'), ('power', '断电'), ('media', '介质损坏'), ('network', '网络中断'), ('intrusion', '入侵与恶意代码'), ('disaster', '火灾水灾'), ('other', '其他')], max_length=12)),
                ('held_on', models.DateField()),
                ('person', models.CharField(max_length=60)),
                ('result', models.CharField(choices=[('passed', '达到要求'), ('partly', '部分达到'), ('failed', '未达到')], max_length=8)),
                ('minutes', models.PositiveIntegerField()),
                ('note', models.TextField(blank=True)),
                ('recorded_by', models.UUIDField()),
                ('recorded_at', models.DateTimeField()),
            ],
            options={
                'indexes': [models.Index(fields=['agency_id', '-held_on'], name='drill_latest')],
                'constraints': [models.CheckConstraint(condition=models.Q(('kind__in', ['restore', 'power', 'media', 'network', 'intrusion', 'disaster', 'other']), ('result__in', ['passed', 'partly', 'failed'])), name='drill_words_known')],
            },
        ),
    ]
