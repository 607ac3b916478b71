from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('markets', '0005_works'),
    ]

    operations = [
        migrations.AddField(
            model_name='siteview',
            name='offer',
            field=models.BigIntegerField(default=0),
        ),
        migrations.AddIndex(
            model_name='siteview',
            index=models.Index(condition=models.Q(('offer__gt', 0)), fields=['world_id', 'offer'], name='markets_site_offered'),
        ),
    ]
